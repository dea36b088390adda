"""What `history` of a run configuration does: watched folders while a run runs, and what stays of them."""
import os
import shutil
import tempfile
import time

from azureml.core import Experiment


def flow_watched(t):
    """Watched files are listed and downloaded while they grow, and stay when the script rotates or removes them"""
    folder = tempfile.mkdtemp()
    signs = tempfile.mkdtemp()
    try:
        script = (
            "import os, time\n"
            "def wait(name):\n"
            "    while not os.path.exists(os.path.join(%r, name)): time.sleep(0.01)\n"
            "os.makedirs('plots'); open('plots/gone.txt', 'w').write('was here')\n"
            "log = open('logs/app.log', 'w'); log.write('one\\n'); log.flush()\n"
            "wait('more'); log.write('two\\n'); log.close()\n"
            "wait('rotate'); os.rename('logs/app.log', 'logs/app.log.1'); open('logs/app.log', 'w').write('three\\n')\n"
            "os.remove('plots/gone.txt'); wait('end')\n" % signs
        )
        config = t.run_config()
        config.history.directories_to_watch = ["logs", "plots"]
        run = t.submit(Experiment(t.workspace(), t.name("history")), {"main.py": script}, config=config)

        def text(name):
            path = os.path.join(folder, "file.txt")
            run.download_file(name, path)
            with open(path) as file:
                return file.read()

        t.until("the files", lambda: {"logs/app.log", "plots/gone.txt"} <= set(run.get_file_names()))
        t.until("the first line", lambda: text("logs/app.log") == "one\n")
        open(os.path.join(signs, "more"), "w").close()
        t.until("the second line", lambda: text("logs/app.log") == "one\ntwo\n")
        time.sleep(5)  # What lives for less than two seconds may be missed.
        open(os.path.join(signs, "rotate"), "w").close()
        t.until("the new log", lambda: text("logs/app.log") == "three\n")
        assert text("logs/app.log.1") == "one\ntwo\n"
        open(os.path.join(signs, "end"), "w").close()
        assert t.ended(run)["status"] == "Completed"
        assert {"logs/app.log", "logs/app.log.1", "plots/gone.txt"} <= set(run.get_file_names())
        assert [text("plots/gone.txt"), text("logs/app.log")] == ["was here", "three\n"]
        assert run.get_metrics() == {}
    finally:
        shutil.rmtree(folder)
        shutil.rmtree(signs)


# Before, there are no folders to watch.
flow_watched.since = "1.0.85"
