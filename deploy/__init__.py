"""Connect this repository to an AWS account, look what is missing, and undo it."""
