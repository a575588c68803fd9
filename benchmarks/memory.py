"""Memory of a process, on Linux; elsewhere it is not known."""

from pathlib import Path

_PROCESS = Path("/proc/self")


def read_memory(field: str) -> float:
    """Read a field of this process's status, in MB: ``VmRSS`` now, ``VmHWM`` at the peak."""
    if not (_PROCESS / "status").exists():
        return float("nan")
    lines = (_PROCESS / "status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return int(fields[field].split()[0]) * 1_024 / 1e6


def forget_peak() -> None:
    """Let the peak start again from what the process holds now."""
    if (_PROCESS / "clear_refs").exists():
        (_PROCESS / "clear_refs").write_text("5")
