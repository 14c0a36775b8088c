"""Evaluate a policy from Python: a decision is a function call."""

from regolive import Runtime

POLICY = """
package shop

default allow := false
allow if data.roles[input.user] == "admin"
allow if { input.action == "read"; data.roles[input.user] }
"""

with Runtime(modules={"shop.rego": POLICY}, data={"roles": {"ann": "admin", "bob": "clerk"}}) as rt:
    allow = rt.prepare("data.shop.allow")  # compiled once, asked as often as you like
    for user, action in [("ann", "write"), ("bob", "read"), ("bob", "write"), ("eve", "read")]:
        verdict = "may" if allow.evaluate({"user": user, "action": action}) else "may not"
        print(f"{user} {verdict} {action}")
