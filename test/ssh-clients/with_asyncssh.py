"""Send a trigger with asyncssh: KEY USER PORT HOST_KEY COMMAND; ends with the server's exit code."""

import asyncio
import sys

import asyncssh

key, user, port, host_key, command = sys.argv[1:]


async def send() -> int:
    async with asyncssh.connect(
        "127.0.0.1",
        port=int(port),
        username=user,
        client_keys=[key],
        known_hosts=asyncssh.import_known_hosts(f"[127.0.0.1]:{port} {host_key}\n"),
        config=None,
        agent_path=None,
    ) as connection:
        answer = await asyncio.wait_for(connection.run(command), 20)
        sys.stdout.write(str(answer.stdout))
        sys.stderr.write(str(answer.stderr))
        return 255 if answer.exit_status is None else answer.exit_status


sys.exit(asyncio.run(send()))
