"""Sends the outputs folder when the script has ended: every file whole, several at a time, in constant memory."""
import os
import threading

from .folders import files_under
from .remote_file import RemoteFile, open_regular
from .service import Away, Refused
from .transport import LocalFileError

AT_ONCE = 4


def send_outputs(job, service, notes, folder="outputs"):
    """Returns when all is sent or noted. Raises Away when the service is."""
    files = files_under(job.folder, folder, notes)
    lock = threading.Lock()
    away = []

    def work():
        while not away:
            with lock:
                name, path = next(files, (None, None))
            if name is None:
                return
            try:
                _send(job, service, name, path)
            except (Refused, LocalFileError) as error:
                with lock:
                    notes.add(name, str(error))
            except Away as error:
                away.append(error)

    workers = [threading.Thread(target=work, daemon=True) for _ in range(AT_ONCE)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if away:
        raise away[0]


def _send(job, service, name, path):
    descriptor, facts = open_regular(path)
    try:
        RemoteFile(job, service, name).replace(descriptor, facts.st_size)
    finally:
        os.close(descriptor)
