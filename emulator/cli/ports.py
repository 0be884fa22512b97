"""Who holds a port that is in use, as far as the system tells."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_LISTEN = "0A"
_PROC = Path("/proc")


def holder_of(port: int) -> str | None:
    """Return a few words on the process that listens at a TCP port, None when nobody can tell."""
    pid = _pid_from_proc(port) if (_PROC / "net/tcp").exists() else _pid_from_lsof(port)
    if pid is None:
        return None
    try:
        command = (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        command = ""
    return f"process {pid} ({command[:100]})" if command else f"process {pid}"


def _pid_from_proc(port: int) -> int | None:
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for folder in _PROC.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if any(str(link.readlink()) in inodes for link in (folder / "fd").iterdir()):
                return int(folder.name)
        except OSError:
            continue  # somebody else's process, or one that just ended
    return None


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in ("net/tcp", "net/tcp6"):
        try:
            rows = (_PROC / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(fields[9])
    return inodes


def _pid_from_lsof(port: int) -> int | None:
    lsof = shutil.which("lsof")
    if lsof is None:
        return None
    command = [lsof, "-nP", "-t", f"-iTCP:{port}", "-sTCP:LISTEN"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=2, check=False).stdout.split()  # noqa: S603 - a fixed program, a number
    except (OSError, subprocess.TimeoutExpired):
        return None
    return int(found[0]) if found and found[0].isdigit() else None
