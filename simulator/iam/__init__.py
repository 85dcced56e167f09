"""IAM as far as the control plane meets it: may this function's role make this call, on this, under these conditions?

Only identity policies are read; boundaries, session, organisation and resource policies are not.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
"""
