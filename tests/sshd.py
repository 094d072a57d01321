"""A real OpenSSH server on loopback that runs this program for every key, and a client with keys of its own."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import leaks
import pytest

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
PROGRAM = Path(__file__).parents[1]
PATIENCE = 60
"""Seconds to wait for what only a failure does not bring."""
CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
PidFile {folder}/sshd.pid
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
AuthorizedKeysFile none
AuthorizedKeysCommand /usr/bin/env {program} --home {home} --database {database} ssh authorized-keys %u %f
AuthorizedKeysCommandUser {user}
AuthenticationMethods publickey
# What docs/ssh.md forbids besides is allowed here: what is tested are the program and the line that it gives a key.
AllowTcpForwarding yes
AllowStreamLocalForwarding yes
AllowAgentForwarding yes
X11Forwarding yes
PermitTunnel yes
PermitUserRC yes
AcceptEnv PETTYCASH_* _PETTYCASH_COMPLETE LC_*
Subsystem sftp internal-sftp
"""


def require_sshd() -> None:
    """Skip where there is no OpenSSH server; on CI that is a failure."""
    if SSHD is None or shutil.which("ssh") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("these tests need an OpenSSH server: apt-get install openssh-server")
        pytest.skip("needs an OpenSSH server: apt-get install openssh-server")


@dataclass(frozen=True)
class Sshd:
    """A running server, and where the keys of its clients are."""

    folder: Path
    port: int
    user: str
    connected: frozenset[str] = frozenset()
    """The keys whose connection is open already: what they run needs no sign-in of its own."""

    def client(self, key: str, *options: str) -> list[str]:
        """The beginning of a command of the client with a key, without any setting of whoever runs the tests."""
        return ["ssh", "-p", str(self.port), *self.options(key), *options, f"{self.user}@127.0.0.1"]

    def options(self, key: str) -> list[str]:
        """The options that ssh, scp and sftp share."""
        given = {
            "IdentityFile": str(self.folder / key),
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "BatchMode": "yes",
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "LogLevel": "ERROR",
            "ConnectTimeout": "20",
        }
        if key in self.connected:
            given["ControlPath"] = str(self.folder / f"{key}.socket")
        return ["-F", "none", *(word for name, value in given.items() for word in ("-o", f"{name}={value}"))]

    def run(
        self, key: str, command: str = "", *options: str, stdin: bytes = b"", env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command line on the server with a key."""
        words = [*self.client(key, *options), *([command] if command else [])]
        done = subprocess.run(
            words,
            input=stdin,
            capture_output=True,
            timeout=PATIENCE * 2,
            check=False,
            env={**os.environ, **(env or {})},
        )
        leaks.given(done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
        return done

    def ask_to_forward(self, key: str, *options: str) -> subprocess.CompletedProcess[bytes]:
        """Ask the open connection of a key to forward something (ssh -O forward)."""
        return self.run(key, "", "-O", "forward", *options)

    def public(self, key: str) -> str:
        """The public line of a key."""
        return (self.folder / f"{key}.pub").read_text()


@contextmanager
def connecting(sshd: Sshd, *keys: str) -> Iterator[Sshd]:
    """One connection for each of these keys, over which everything goes that is run with it."""
    connected = replace(sshd, connected=frozenset(keys))
    masters = []
    try:
        for key in keys:
            with (sshd.folder / f"{key}.log").open("wb") as log:
                words = [*connected.client(key, "-M", "-N")]
                masters.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        for key, master in zip(keys, masters, strict=True):
            socket_of_it = sshd.folder / f"{key}.socket"
            until = time.monotonic() + PATIENCE
            while not socket_of_it.exists():
                log_of_it = (sshd.folder / f"{key}.log").read_text()
                assert master.poll() is None and time.monotonic() < until, f"not connected: {log_of_it}"
                time.sleep(0.05)
        yield connected
    finally:
        for master in masters:
            master.kill()
            master.wait(PATIENCE)


@contextmanager
def serving(home: Path, database: str, *keys: str) -> Iterator[Sshd]:
    """A server for the books of a home, with a pair of keys for each name."""
    require_sshd()
    assert SSHD is not None
    folder = Path(tempfile.mkdtemp(prefix="pettycash-sshd-"))
    folder.chmod(0o700)
    for name in ("host", *keys):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    program = folder / "pettycash"
    program.write_text(
        f"#!{sys.executable} -I\nimport sys\nsys.path.insert(0, {str(PROGRAM)!r})\n"
        "from pettycash_tui.cli.entry import main\nsys.exit(main())\n"
    )
    program.chmod(0o700)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    user = pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    config = folder / "sshd_config"
    config.write_text(
        CONFIG.format(
            port=port,
            folder=folder,
            program=shlex.quote(str(program)),
            home=shlex.quote(str(home)),
            database=shlex.quote(database),
            user=user,
        )
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([SSHD, "-D", "-e", "-f", config], stderr=log)
    try:
        _wait_for(port, process, folder / "log")
        yield Sshd(folder, port, user)
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"sshd did not start: {log.read_text()}")
