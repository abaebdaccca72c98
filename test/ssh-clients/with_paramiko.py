"""Send a trigger with paramiko: KEY USER PORT HOST_KEY COMMAND; ends with the server's exit code."""

import sys

import paramiko
from paramiko.client import RejectPolicy
from paramiko.hostkeys import HostKeyEntry

key, user, port, host_key, command = sys.argv[1:]
name = f"[127.0.0.1]:{port}"
entry = HostKeyEntry.from_line(f"{name} {host_key}")
with paramiko.SSHClient() as client:
    client.get_host_keys().add(name, entry.key.get_name(), entry.key)
    client.set_missing_host_key_policy(RejectPolicy())
    client.connect(
        "127.0.0.1",
        port=int(port),
        username=user,
        key_filename=key,
        look_for_keys=False,
        allow_agent=False,
        timeout=20,
    )
    _, stdout, stderr = client.exec_command(command, timeout=20)
    sys.stdout.write(stdout.read().decode())
    sys.stderr.write(stderr.read().decode())
    code = stdout.channel.recv_exit_status()
sys.exit(code)
