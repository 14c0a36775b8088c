"""Add a builtin to Rego: a Python function with a name and annotations."""

from ipaddress import ip_address

from regolive import UNDEFINED, Runtime, builtin, hookimpl


@builtin("office.floor")
def floor(address: str) -> int:
    """The floor an address of our network is on; undefined for any other address."""
    ip = ip_address(address)  # raises for what is no address: then the call is undefined, too
    return ip.packed[2] if ip.is_private else UNDEFINED


class Office:
    """A plugin: here an object, to keep all in one file; usually a module, with an entry point."""

    @hookimpl
    def regolive_builtins(self):
        return [floor]


POLICY = """
package door

default open := false
open if office.floor(input.address) in data.floors[input.user]
"""

with Runtime(
    modules={"door.rego": POLICY}, data={"floors": {"ann": [1, 2]}}, plugins=[Office]
) as rt:
    for address in ["10.0.2.7", "10.0.3.7", "93.184.216.34", "no address"]:
        opens = bool(rt.evaluate("data.door.open", {"user": "ann", "address": address}))
        print(f"ann, coming from {address}: {'open' if opens else 'closed'}")
