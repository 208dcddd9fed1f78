"""Prints the job's identity token, asked for the way GitHub documents it.

https://docs.github.com/en/actions/reference/security/oidc#methods-for-requesting-the-oidc-token
"""

import os
import sys

import requests

response = requests.get(
    os.environ["ACTIONS_ID_TOKEN_REQUEST_URL"] + "&audience=sts.amazonaws.com",
    headers={"Authorization": f"bearer {os.environ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"},
    timeout=10,
)
if not response.ok:
    sys.exit(f"The issuer gave no identity token: {response.text}")
sys.stdout.write(response.json()["value"])
