"""Write a dump of a world to a file, and read it.

If a process is killed, its temporary file stays beside the dump. With ``fcntl`` that file always has the same name, and
the next write replaces it. Without ``fcntl`` its name contains the process id.
"""

import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, Final

from hostway_fake.exceptions import InvalidValueError

_WRITING: Final = Lock()
_lock: Callable[[BinaryIO], None] | None = None
"""Locks a file, and waits while another process holds the lock. None if the system has no ``flock``."""

with suppress(ImportError):
    from fcntl import LOCK_EX, flock

    def _lock(file: BinaryIO) -> None:
        flock(file, LOCK_EX)


def write(path: Path, data: Mapping[str, Any]) -> None:
    """Replace a file by a dump that only its owner can read. The old file is intact until the new one is complete."""
    _check_file(path, "written")
    file = Path(os.path.realpath(path))  # follow a symbolic link, and do not replace it
    try:
        with _draft_of(file) as (draft, new):
            try:
                new.write(json.dumps(data, indent=1).encode())
                new.flush()
                os.fsync(new.fileno())
                if _lock is None:
                    new.close()  # Windows cannot rename an open file
                draft.replace(file)
            except BaseException:
                if _lock is None:
                    new.close()
                draft.unlink()
                raise
    except OSError as error:
        raise InvalidValueError(f"{path}: cannot be written: {error.strerror}") from None


def _check_file(path: Path, done: str) -> None:
    """Refuse a directory, a pipe, a device or a broken path. A file that does not exist yet is accepted."""
    try:
        if stat.S_ISREG(path.stat().st_mode):
            return
    except FileNotFoundError:
        return
    except OSError as error:
        raise InvalidValueError(f"{path}: cannot be {done}: {error.strerror}") from None
    raise InvalidValueError(f"{path}: cannot be {done}: it is not a file")


@contextmanager
def _draft_of(file: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Yield the path and the handle of a temporary file beside ``file``. No other writer uses it meanwhile."""
    if _lock is not None:
        draft = file.with_name(f".{file.name}.tmp")
        with _locked(draft, _lock) as new:
            yield draft, new
    else:
        draft = file.with_name(f".{file.name}.{os.getpid()}.tmp")
        with _WRITING, draft.open("wb") as new:
            yield draft, new


def _locked(path: Path, lock: Callable[[BinaryIO], None]) -> BinaryIO:
    """Return an empty file of mode 0600 with an exclusive lock. Closing the file releases the lock."""
    while True:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+b")
        lock(file)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                os.fchmod(file.fileno(), 0o600)
                file.truncate()
                return file
        file.close()  # while this process waited for the lock, another one renamed the file


def read(path: Path) -> Any:
    """Return the data in a file."""
    _check_file(path, "read")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidValueError(f"{path}: cannot be read: {error}") from None
