"""Prints the job's identity token, asked for the way GitHub documents it.

https://docs.github.com/en/actions/reference/security/oidc#methods-for-requesting-the-oidc-token
"""

import json
import os
import sys
import urllib.error
import urllib.request

request = urllib.request.Request(
    os.environ["ACTIONS_ID_TOKEN_REQUEST_URL"] + "&audience=sts.amazonaws.com",
    headers={"Authorization": f"bearer {os.environ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"},
)
try:
    with urllib.request.urlopen(request, timeout=10) as response:
        sys.stdout.write(json.load(response)["value"])
except urllib.error.HTTPError as error:
    sys.exit(f"The issuer gave no identity token: {error.read().decode()}")
