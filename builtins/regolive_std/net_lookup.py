"""``net.lookup_ip_addr``: the one builtin of its family that asks somebody."""

from __future__ import annotations

from regolive import BuiltinContext, BuiltinError, RegoSet
from regolive_std._declare import STRING, set_of, std
from regolive_std.http_budget import Budget
from regolive_std.http_hosts import check_host
from regolive_std.http_resolve import Resolver


class NetLookup:
    """``net.lookup_ip_addr`` of one runtime, over its resolver."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    @std(
        "net.lookup_ip_addr",
        result=set_of(STRING),
        nondeterministic=True,
        memoize=True,
        result_name="addrs",
    )
    def net_lookup_ip_addr(self, ctx: BuiltinContext, name: str) -> RegoSet[str]:
        """The addresses that the system's resolver knows for a host name.

        It may take seconds, but no longer than the query has.

        Example:
            >>> net.lookup_ip_addr("127.0.0.1")
            ["127.0.0.1"]
            >>> net.lookup_ip_addr("127.1")
            error: eval_builtin_error: net.lookup_ip_addr: lookup 127.1: no such host
        """
        check_host(name, ctx.allow_net)
        try:
            found = self._resolver.resolve(name, Budget(None, ctx.deadline, ctx.check))
        except OSError:
            raise BuiltinError(f"lookup {name}: no such host") from None
        return RegoSet.of_keys(set(found))
