// The Python file by which a script is run: a direct start in all that the script can see, and a last word for the clients in it.
// A constant text, no user data in it; every launch finds it beside its start script.

/** File name in the run's folder. */
export const PYTHON_START_NAME = "start.py";

/**
 * Its use: `python start.py SCRIPT ARGUMENT...`
 *
 * Why it is there: azureml's client keeps metrics in a queue that nothing empties when the interpreter ends, so a script that is
 * done within a second would lose them all. It costs nothing in a script that does not use the client.
 *
 * Why it looks as it does:
 * - The script gets a `__main__` of its own and is not run by runpy: that would take the module away again at its end, while
 *   threads, atexit functions and pickles still need it. A child of multiprocessing finds the script by `__file__`, as always.
 * - An exception is shown as the interpreter shows it, with the one frame of this file taken off, and before anything is sent: the
 *   traceback must not wait for the network. KeyboardInterrupt is raised again without words, since only the interpreter itself
 *   can end by the signal.
 * - What is not Python source (bytecode), cannot be read or does not compile is left to the interpreter: it replaces this process,
 *   so its words and its exit code are its own. A zip with a `__main__.py` is started as the interpreter starts one.
 * - Threads that go on may still log: they are waited for first, as the interpreter would. Those of executors are not: they end
 *   only when the interpreter says so.
 * - A fork that comes to the end of the script has none of the client's threads, so nothing could be sent in it.
 * - The client's own function for this prints into the user's log; its handlers are called instead where they are there.
 * - An environment that was built for the run is its own PATH's first folder, so that a script finds the programs in it.
 * - mpi4py says good-bye to MPI when the interpreter ends, and that waits for all ranks: one that has failed would never end while
 *   others wait for it. So it leaves without a word, once its own functions for the end have run.
 * - Also old interpreters read it: no syntax here is newer than Python 2.7.
 */
export const PYTHON_START = String.raw`# Runs a script as a direct start would. See "How a run is started" in the documentation.
def _start(fresh):
    import os
    import sys

    here = os.path.dirname(sys.executable or "")
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        prefix = os.environ.get(variable)
        if prefix and here in (os.path.join(prefix, "bin"), os.path.join(prefix, "Scripts")):
            # What the environment has installed is found by its name, as after its activation.
            os.environ["PATH"] = os.pathsep.join([here] + [p for p in [os.environ.get("PATH")] if p])
    own = os.getpid()
    keep = sys.modules["__main__"]  # Old interpreters empty a module that nobody holds.
    del sys.argv[0]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv = [sys.orig_argv[0]] + sys.argv
    script = sys.argv[0]

    def leave_to_interpreter():
        command = [sys.executable] + sys.argv
        if os.name == "nt":
            import subprocess

            sys.exit(subprocess.call(command))
        os.execv(sys.executable, command)

    path = script
    if sys.version_info >= (3, 9) and not os.path.isabs(script):
        path = os.path.join(os.getcwd(), script)
    archive = False
    try:
        with open(script, "rb") as file:
            code = compile(file.read(), path, "exec", 0, True)
    except (EnvironmentError, SyntaxError, ValueError, TypeError, OverflowError, MemoryError, RuntimeError):
        import zipfile

        archive = os.path.isdir(script) or (os.path.exists(script) and zipfile.is_zipfile(script))
        if not archive:
            leave_to_interpreter()

    safe = getattr(sys.flags, "safe_path", False) or getattr(sys.flags, "isolated", False)
    if archive:
        sys.path[:1] = [path] + (sys.path[:1] if safe else [])
        import runpy

        def run():
            runpy._run_module_as_main("__main__", False)

    else:
        if not safe:
            sys.path[0] = os.path.dirname(os.path.realpath(script))
        main = type(sys)("__main__")
        names = main.__dict__
        names.clear()
        names.update(fresh)
        names["__file__"] = path
        if "__annotations__" in fresh:
            names["__annotations__"] = {}
        if fresh.get("__loader__") is not None and hasattr(type(fresh["__loader__"]), "get_filename"):
            names["__loader__"] = type(fresh["__loader__"])("__main__", path)
        sys.modules["__main__"] = main

    def show(kind, error, trace):
        sys.last_type, sys.last_value, sys.last_traceback = kind, error, trace
        if sys.version_info >= (3, 12):
            sys.last_exc = error
        hook = getattr(sys, "excepthook", None)
        try:
            if hook is None:
                sys.stderr.write("sys.excepthook is missing\n")
                hook = sys.__excepthook__
            hook(kind, error, trace)
        except SystemExit:
            raise
        except BaseException:
            kind2, error2, trace2 = sys.exc_info()
            trace2 = trace2.tb_next
            if hasattr(error2, "with_traceback"):
                error2 = error2.with_traceback(trace2)
                error2.__context__ = None
            sys.stderr.write("Error in sys.excepthook:\n")
            sys.__excepthook__(kind2, error2, trace2)
            sys.stderr.write("\nOriginal exception was:\n")
            sys.__excepthook__(kind, error, trace)

    def wait_for_threads():
        threading = sys.modules.get("threading")
        futures = sys.modules.get("concurrent.futures.thread")
        while threading is not None:
            workers = set(getattr(futures, "_threads_queues", ()))
            here = threading.current_thread()
            others = [t for t in threading.enumerate() if t is not here and not t.daemon and t not in workers]
            if not others:
                return
            others[0].join()

    def send(what, work, seconds):
        try:
            work(seconds)
        except Exception as error:
            sys.stderr.write("malachite: what %s still held could not be sent: %s\n" % (what, error))

    def flush():
        azureml = getattr(sys.modules.get("azureml._run_impl.run_base"), "_RunBase", None)
        queues = sys.modules.get("mlflow.utils.async_logging.async_logging_queue")
        if os.getpid() != own or (azureml is None and queues is None):
            return
        wait_for_threads()
        waiting = getattr(azureml, "_registered_kill_handlers", None)
        if waiting is not None:
            import time

            until = time.time() + 40
            while not waiting.empty():
                send("azureml", waiting.get_nowait(), max(1, until - time.time()))
        elif azureml is not None:
            send("azureml", azureml._kill, 40)
        if queues is not None and hasattr(sys.modules.get("mlflow"), "flush_async_logging"):
            send("mlflow", lambda _: sys.modules["mlflow"].flush_async_logging(), None)

    def leave_others(code):
        mpi = sys.modules.get("mpi4py.MPI")
        if code == 0 or mpi is None or not mpi.Is_initialized() or mpi.Is_finalized():
            return
        if os.getpid() != own or mpi.COMM_WORLD.Get_size() == 1:
            return
        import atexit

        wait_for_threads()
        try:
            atexit._run_exitfuncs()
        except BaseException:
            pass
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                pass
        os._exit(code)

    try:
        if archive:
            run()
        else:
            exec(code, names)
    except SystemExit:
        flush()
        asked = sys.exc_info()[1].code
        if asked is not None and not isinstance(asked, int) and "mpi4py.MPI" in sys.modules:
            sys.stderr.write("%s\n" % (asked,))
            asked = sys.exc_info()[1].code = 1
        leave_others(0 if asked is None else asked & 0xFF if isinstance(asked, int) else 1)
        raise
    except BaseException:
        kind, error, trace = sys.exc_info()
        trace = trace.tb_next
        if archive and trace is not None:
            trace = trace.tb_next
        if hasattr(error, "with_traceback"):
            error = error.with_traceback(trace)
        try:
            show(kind, error, trace)
        finally:
            flush()
        if kind is KeyboardInterrupt:
            sys.excepthook = lambda *_: None
            raise
        leave_others(1)
        sys.exit(1)
    flush()
    del keep


_start({name: value for name, value in globals().items() if name != "_start"})
`;
