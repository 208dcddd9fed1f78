"""Connect this repository to an AWS account, look what is missing, and operate its stages."""
