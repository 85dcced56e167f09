"""One module a step: gather with aws, judge with domain, report."""
