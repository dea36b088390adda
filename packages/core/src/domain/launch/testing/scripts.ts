// The scripts of pythonStart.proc.test.ts: each looks at one thing that a script can tell apart.

export type Case = {
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** The file that is started; `main.py` unless told. */
  readonly main?: string;
  readonly arguments?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Sent when the script has printed `ready`. */
  readonly signal?: "SIGTERM";
  /** The oldest Python that has it. */
  readonly since?: `${number}.${number}`;
  /** A part of the result, so that a script which fails before its point is noticed. */
  readonly says?: string;
};

const one = (text: string, more: Omit<Case, "files"> = {}): Case => ({ files: { "main.py": text }, ...more });
const lines = (...all: string[]): string => `${all.join("\n")}\n`;

export const SCRIPTS: Readonly<Record<string, Case>> = {
  "prints its arguments": one("import sys\nprint(sys.argv)\n", {
    arguments: ["--lr", "0.1", "", "two words", "-c", "it's"],
    says: "two words",
  }),
  "looks at its module": one(
    lines(
      "import sys",
      "print(sorted(k for k in globals()), __name__, __file__, __package__, __doc__, __spec__)",
      "print(sys.modules['__main__'].__dict__ is globals(), __builtins__, type(__loader__).__name__)",
      "print(getattr(__loader__, 'path', ''), getattr(__loader__, 'name', ''))",
    ),
    { since: "3.03", says: "__main__" },
  ),
  "looks at its path": one("import sys\nprint(sys.path, sys.flags)\n", { env: { PYTHONPATH: "/a:/b" } }),
  "is told not to have its folder on the path": one(
    "import sys\nprint(sys.path, getattr(sys.flags, 'safe_path', None))\n",
    { env: { PYTHONSAFEPATH: "1" } },
  ),
  "looks at its command line": one("import sys\nprint(sys.orig_argv[1:])\n", {
    since: "3.10",
    arguments: ["a"],
    says: "main.py",
  }),
  "has a docstring": one('"""What it does."""\nprint(__doc__)\n', { says: "What it does" }),
  "has annotations": one("x: int = 1\nprint(__annotations__)\n", { since: "3.06", says: "'x'" }),
  "is in a folder": {
    files: {
      "src/main.py": "import helper, sys\nprint(helper.x, sys.path[0], __file__)\n",
      "src/helper.py": "x = 1\n",
    },
    main: "src/main.py",
  },
  "is named with a dot before": {
    files: { "a.py": "print(__file__)\nraise ValueError(1)\n" },
    main: "./a.py",
    says: "ValueError",
  },
  "is named with dots within": {
    files: { "s/../a.py": "print(__file__)\n1/0\n", "s/x": "" },
    main: "s/../a.py",
  },
  "has a name with blanks and no ending": {
    files: { "my script": "print(__file__)\n" },
    main: "./my script",
  },
  "begins with a mark of bytes": { files: { "main.py": "\ufeffprint('marked')\n" }, says: "marked" },
  "is in an old encoding": {
    files: { "main.py": Buffer.from("# -*- coding: latin-1 -*-\nprint(ascii('caf\u00e9'))\n", "latin1") },
    since: "3.00",
    says: "caf",
  },
  "has lines that end as in Windows": one("def f():\r\n    return '''a\r\nb'''\r\nprint(repr(f()))\r\n"),
  "is empty": one(""),
  "has no line end at its end": one("print(1)"),
  "ends well": one("print('fine')\n"),
  "exits with nothing": one("import sys\nsys.exit()\n"),
  "exits with a number": one("import sys\nsys.exit(7)\n"),
  "exits with a big number": one("import sys\nsys.exit(2**40 + 3)\n"),
  "exits with a negative number": one("import sys\nsys.exit(-2)\n"),
  "exits with a text": one("import sys\nsys.exit('no data')\n", { says: "no data" }),
  "exits with something else": one("import sys\nsys.exit(['a', 1])\n"),
  "exits with true": one("raise SystemExit(True)\n"),
  "exits at once": one("import os\nprint('x')\nos._exit(9)\n"),
  "kills itself": one("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"),
  aborts: one("import os\nos.abort()\n"),
  fails: one("def f(x):\n    return 1 / x\n\nprint('now')\nf(0)\n", { says: "ZeroDivisionError" }),
  "fails with a cause": one(
    lines("try:", "    int('x')", "except ValueError as e:", "    raise RuntimeError('bad') from e"),
    { since: "3.00", says: "direct cause" },
  ),
  "fails while it fails": one(lines("try:", "    int('x')", "except ValueError:", "    {}['k']"), {
    says: "KeyError",
  }),
  "fails in a module": {
    files: { "main.py": "import part\n", "part.py": "def f():\n    raise KeyError('k')\nf()\n" },
    says: "part.py",
  },
  "lacks a module": one("import there_is_no_such_module\n", { says: "there_is_no_such_module" }),
  "imports a module that does not compile": {
    files: { "main.py": "import part\n", "part.py": "def\n" },
    says: "SyntaxError",
  },
  "does not compile": one("print('never')\ndef f(:\n    pass\n", { says: "SyntaxError" }),
  "does not compile late": one("print('never')\nreturn 1\n", { says: "SyntaxError" }),
  "mixes tabs and blanks": one("if 1:\n\tx = 1\n        y = 2\n"),
  "is no text": { files: { "main.py": new Uint8Array([0x70, 0xff, 0xfe, 0x0a]) }, says: "SyntaxError" },
  "is not there": { files: {}, main: "gone.py", says: "gone.py" },
  "is a folder without a main": { files: { "pkg/x.py": "" }, main: "pkg" },
  "is a folder with a main": {
    files: {
      "pkg/__main__.py": "import sys, helper\nprint(sys.argv, helper.x, __name__, __package__)\n",
      "pkg/helper.py": "x = 2\n",
    },
    main: "pkg",
    arguments: ["a"],
  },
  "is a folder whose main fails": {
    files: { "pkg/__main__.py": "def f():\n    1/0\nf()\n" },
    main: "pkg",
    says: "ZeroDivisionError",
  },
  "fails in a group": one("raise ExceptionGroup('all', [ValueError(1), KeyError('k')])\n", {
    since: "3.11",
    says: "ExceptionGroup",
  }),
  "fails with notes": one(lines("e = ValueError(1)", "e.add_note('at epoch 3')", "raise e"), {
    since: "3.11",
    says: "at epoch 3",
  }),
  "goes too deep": one(
    lines(
      "import sys",
      "sys.setrecursionlimit(100)",
      "def f(n):",
      "    return f(n + 1) + 1",
      "try:",
      "    f(0)",
      "except RuntimeError as e:",
      "    print(type(e).__name__)",
    ),
  ),
  "has a hook for exceptions": one(
    lines(
      "import sys",
      "def hook(kind, error, trace):",
      "    import traceback",
      "    print('hooked', kind.__name__, len(traceback.extract_tb(trace)))",
      "sys.excepthook = hook",
      "int('x')",
    ),
    { since: "3.00", says: "hooked ValueError 1" },
  ),
  "has a hook that fails": one(
    lines("import sys", "def hook(*_):", "    {}['k']", "sys.excepthook = hook", "int('x')"),
    { says: "Original exception was" },
  ),
  "has a hook that exits": one(lines("import sys", "sys.excepthook = lambda *_: sys.exit(5)", "int('x')")),
  "has no hook": one(lines("import sys", "del sys.excepthook", "int('x')"), { says: "is missing" }),
  "has an exception that cannot be printed": one(
    lines("class E(Exception):", "    def __str__(self):", "        raise ValueError('no')", "raise E()"),
  ),
  "is interrupted by itself": one("raise KeyboardInterrupt\n", { says: "KeyboardInterrupt" }),
  "is interrupted": one("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n", {
    says: "KeyboardInterrupt",
  }),
  "is terminated": one("import time\nprint('ready'); time.sleep(30)\n", {
    signal: "SIGTERM",
    says: "SIGTERM",
  }),
  "handles its end": one(
    lines(
      "import signal, sys, time",
      "signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))",
      "print('ready'); time.sleep(30)",
    ),
    { signal: "SIGTERM" },
  ),
  "has functions for its end": one(
    lines(
      "import atexit, sys",
      "name = 'kept'",
      "atexit.register(lambda: print('last ' + name))",
      "atexit.register(lambda: print('first'))",
      "print('main')",
      "sys.exit(4)",
    ),
    { since: "3.00", says: "last kept" },
  ),
  "fails in a function for its end": one(
    lines("import atexit", "def f():", "    raise ValueError('late')", "atexit.register(f)", "print('main')"),
    { says: "late" },
  ),
  "has an object that says good-bye": one(
    lines("class C(object):", "    def __del__(self):", "        print('bye')", "c = C()", "print('main')"),
    { says: "bye" },
  ),
  "has a thread that goes on": one(
    lines(
      "import threading, time",
      "x = 'kept'",
      "def f():",
      "    time.sleep(0.3)",
      "    print('thread', x, __name__)",
      "threading.Thread(target=f).start()",
      "print('main')",
    ),
    { since: "3.00", says: "thread kept" },
  ),
  "has a thread that does not": one(
    lines(
      "import threading, time",
      "t = threading.Thread(target=time.sleep, args=(30,))",
      "t.daemon = True",
      "t.start()",
      "print('main')",
    ),
  ),
  "has a thread that fails": one(
    lines(
      "import threading",
      "def f():",
      "    raise ValueError('in thread')",
      "t = threading.Thread(target=f)",
      "t.start()",
      "t.join()",
    ),
    { says: "in thread" },
  ),
  "fails beside a thread that goes on": one(
    lines(
      "import threading, time",
      "threading.Thread(target=lambda: (time.sleep(0.2), print('thread'))).start()",
      "raise ValueError('main')",
    ),
    { since: "3.00", says: "thread" },
  ),
  "has workers": one(
    lines(
      "import time",
      "from concurrent.futures import ThreadPoolExecutor",
      "p = ThreadPoolExecutor(2)",
      "p.submit(lambda: (time.sleep(0.2), print('worked')))",
      "print('main')",
    ),
    { since: "3.00", says: "worked" },
  ),
  ...Object.fromEntries(
    (["fork", "spawn", "forkserver"] as const).map((method) => [
      `has processes by ${method}`,
      one(
        lines(
          "import multiprocessing, sys",
          "x = 20",
          "def f(n):",
          "    return n + x, __name__.replace('__mp_main__', '__main__'), sys.argv",
          "if __name__ == '__main__':",
          `    with multiprocessing.get_context('${method}').Pool(2) as p:`,
          "        print(p.map(f, [1, 2]))",
        ),
        { since: "3.04", arguments: ["a"], says: "21" },
      ),
    ]),
  ),
  "has a process that fails": one(
    lines(
      "import multiprocessing",
      "def f():",
      "    1/0",
      "if __name__ == '__main__':",
      "    p = multiprocessing.get_context('spawn').Process(target=f, name='child')",
      "    p.start()",
      "    p.join()",
      "    print(p.exitcode)",
    ),
    { since: "3.04", says: "ZeroDivisionError" },
  ),
  "forks and both come to the end": one(
    lines(
      "import os, sys",
      "pid = os.fork()",
      "if pid:",
      "    os.waitpid(pid, 0)",
      "    print('parent')",
      "else:",
      "    print('child')",
    ),
    { says: "child" },
  ),
  "pickles what it defines": one(
    lines(
      "import pickle",
      "class C(object):",
      "    x = 3",
      "print(pickle.loads(pickle.dumps(C())).x, C.__module__)",
    ),
    { says: "3" },
  ),
  "reads its own source": one(
    lines(
      "import inspect",
      "def f():",
      "    return 'mine'",
      "print(inspect.getsource(f), inspect.getfile(f), inspect.getmodule(f))",
    ),
    { says: "mine" },
  ),
  "imports itself": one("import main\nprint(main.__name__, __name__)\n"),
  "imports what it is": one("import __main__\nx = 5\nprint(__main__.x)\n"),
  "runs a module": {
    files: {
      "main.py": "import runpy\nrunpy.run_module('tool', run_name='__main__', alter_sys=True)\n",
      "tool.py": "import sys\nprint(__name__, sys.argv[0])\n",
    },
  },
  "has a package beside it": {
    files: {
      "main.py": "from pkg import sub\nprint(sub.__name__, sub.y)\n",
      "pkg/__init__.py": "",
      "pkg/sub.py": "from . import other\ny = other.z\n",
      "pkg/other.py": "z = 9\n",
    },
  },
  warns: one("import warnings\nwarnings.warn('mind this')\nprint('\\d')\n", { says: "mind this" }),
  "starts itself again": one(
    lines(
      "import os, sys",
      "if len(sys.argv) == 1:",
      "    os.execv(sys.executable, [sys.executable, __file__, 'again'])",
      "print(sys.argv[1])",
    ),
    { says: "again" },
  ),
  "has a debugger's look at its frames": one(
    lines(
      "def f():",
      "    x = 1",
      "    1/0",
      "try:",
      "    f()",
      "except ZeroDivisionError:",
      "    import traceback",
      "    traceback.print_exc()",
    ),
    { says: "1/0" },
  ),
  "runs async code": one(
    lines(
      "import asyncio",
      "async def f():",
      "    await asyncio.sleep(0)",
      "    raise ValueError('in async')",
      "asyncio.run(f())",
    ),
    { since: "3.07", says: "in async" },
  ),
  "prints what others cannot read": one(
    "import sys\nsys.stdout.write('a\\n'); sys.stderr.write('b\\n'); sys.stdout.close()\n",
  ),
};
