"""Session Manager's data channel, without any I/O: frames in, frames and an outcome out.

AWS publishes no description of it. What is known comes from the source of its two open ends,
https://github.com/aws/session-manager-plugin and https://github.com/aws/amazon-ssm-agent, and from watching them.
"""
