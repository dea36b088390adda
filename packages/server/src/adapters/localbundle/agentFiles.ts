// The files of the bundle besides the run's own data, relative to the folder `files`. A test compares both ways.

/** In the order in which they stand in the zip. */
export const AGENT_FILES = [
  "Invocation.sh",
  "Invocation.bat",
  "agent.py",
  ...[
    "__init__",
    "agent",
    "builds",
    "console",
    "folders",
    "job",
    "kept",
    "log",
    "outputs",
    "patience",
    "processes",
    "project",
    "remote_file",
    "script",
    "service",
    "state",
    "transport",
    "watch",
    "watcher",
  ].map((name) => `malachite_agent/${name}.py`),
] as const;
