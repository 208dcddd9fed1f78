"""Doubles of AWS and of GitHub's token issuer, for rehearsing a deployment on one machine."""
