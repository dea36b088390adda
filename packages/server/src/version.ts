// The version of the program, as /healthz and --version tell it. A test holds it to package.json.
export const VERSION = "0.1.0";
