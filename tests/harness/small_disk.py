"""A small disk: an ext4 in a file, mounted through a loop device, that a test fills and empties. Needs root."""

import contextlib
import os
import shutil
import subprocess

FILL_STEP = 1024 * 1024


def why_not():
    """Why no disk can be mounted here; None where it can."""
    if os.geteuid() != 0:
        return "mounting a disk needs root"
    missing = [tool for tool in ("mkfs.ext4", "mount", "umount") if not shutil.which(tool)]
    return f"{' and '.join(missing)} is not installed (deploy/install test)" if missing else None


class SmallDisk:
    """Mounted at `folder`, which it makes; gone after close()."""

    def __init__(self, folder, megabytes):
        self.folder = folder
        self._image = folder.with_suffix(".img")
        with open(self._image, "wb") as image:
            image.truncate(megabytes * 1024 * 1024)
        folder.mkdir()
        _run("mkfs.ext4", "-q", "-m", "0", str(self._image))  # nothing is set aside for root
        _run("mount", "-o", "loop", str(self._image), str(folder))

    @property
    def _ballast(self):
        return self.folder / "ballast"

    def free_bytes(self):
        told = os.statvfs(self.folder)
        return told.f_bavail * told.f_frsize

    def fill(self, leave):
        """Takes what is free, but for so many bytes."""
        with open(self._ballast, "ab") as ballast:
            while (more := min(self.free_bytes() - leave, FILL_STEP)) > 0:
                try:
                    os.posix_fallocate(ballast.fileno(), ballast.tell(), more)
                    ballast.seek(0, os.SEEK_END)
                except OSError:  # others take their share meanwhile
                    return

    def empty(self):
        """Gives back what fill() took."""
        self._ballast.unlink()

    def close(self):
        with contextlib.suppress(subprocess.CalledProcessError):
            _run("umount", str(self.folder))
        self._image.unlink(missing_ok=True)


def _run(*command):
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
