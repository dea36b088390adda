// Small packages for tests of builds: wheels, and a source package whose build does what the test wants. In a folder that pip's
// --find-links reads, so no index is needed.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

const PROGRAM = String.raw`
import base64, hashlib, io, json, sys, tarfile, zipfile
ask = json.load(sys.stdin)

def wheel(name, version):
    info = "%s-%s.dist-info" % (name, version)
    files = {
        name + ".py": "VERSION = %r\n" % version,
        info + "/METADATA": "Metadata-Version: 2.1\nName: %s\nVersion: %s\n" % (name, version),
        info + "/WHEEL": "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        info + "/entry_points.txt": "[console_scripts]\n%s-tool = %s:VERSION.strip\n" % (name, name),
    }
    record = "".join(
        "%s,sha256=%s,%d\n" % (path, base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode(), len(text.encode()))
        for path, text in files.items()
    )
    files[info + "/RECORD"] = record + info + "/RECORD,,\n"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for path, text in files.items():
            z.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), text)
    return out.getvalue()

if ask["kind"] == "wheel":
    path = "%s/%s-%s-py3-none-any.whl" % (ask["folder"], ask["name"], ask["version"])
    open(path, "wb").write(wheel(ask["name"], ask["version"]))
else:
    top = "%s-%s" % (ask["name"], ask["version"])
    blob = base64.b64encode(wheel(ask["name"], ask["version"])).decode()
    backend = ask["does"] + "\n" + (
        "import base64\n"
        "def build_wheel(folder, config_settings=None, metadata_directory=None):\n"
        "    before()\n"
        "    name = %r\n"
        "    open(folder + '/' + name, 'wb').write(base64.b64decode(%r))\n"
        "    return name\n"
        "def get_requires_for_build_wheel(config_settings=None): return []\n"
    ) % ("%s-%s-py3-none-any.whl" % (ask["name"], ask["version"]), blob)
    files = {
        "PKG-INFO": "Metadata-Version: 2.2\nName: %s\nVersion: %s\n" % (ask["name"], ask["version"]),
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "%s"\nversion = "%s"\n' % (ask["name"], ask["version"]),
        "backend.py": backend,
    }
    with tarfile.open("%s/%s.tar.gz" % (ask["folder"], top), "w:gz") as t:
        for name, text in files.items():
            data = text.encode()
            item = tarfile.TarInfo(top + "/" + name)
            item.size = len(data)
            t.addfile(item, io.BytesIO(data))
`;

function make(ask: Readonly<Record<string, string>>): void {
  mkdirSync(ask.folder ?? "", { recursive: true });
  execFileSync("python3", ["-c", PROGRAM], { input: JSON.stringify(ask) });
}

/** A wheel with one module of its name, which holds its version. */
export const putWheel = (folder: string, name: string, version: string): void =>
  make({ kind: "wheel", folder, name, version });

/** A source package; `does` is Python that defines `before()`, which its build calls. */
export const putSource = (folder: string, name: string, version: string, does: string): void =>
  make({ kind: "source", folder, name, version, does });

export type PackageIndex = AsyncDisposable & { readonly url: string };

/** The wheels of a folder as a simple index on loopback, as `pip --index-url` asks it. */
export async function servePackages(folder: string): Promise<PackageIndex> {
  const server = createServer((request, answer) => {
    const [, place, name = ""] = (request.url ?? "").split("/");
    const files = readdirSync(folder);
    if (place === "files" && files.includes(name)) return void answer.end(readFileSync(join(folder, name)));
    const links = files
      .filter((file) => place === "simple" && file.startsWith(`${name}-`))
      .map((file) => `<a href="/files/${file}">${file}</a>`);
    answer.writeHead(links.length > 0 ? 200 : 404, { "content-type": "text/html" });
    answer.end(`<!DOCTYPE html><html><body>${links.join("\n")}</body></html>`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A build that tells its process ids, leaves a child in a session of its own, and waits until a file is there. */
export const waitingBuild = (folder: string): string => `
import os, subprocess, sys, time
def before():
    away = subprocess.Popen([sys.executable, "-c", "import os, time; os.setsid(); time.sleep(600)"])
    with open(${JSON.stringify(join(folder, "pids.new"))}, "w") as f:
        f.write("%d %d" % (os.getpid(), away.pid))
    os.rename(${JSON.stringify(join(folder, "pids.new"))}, ${JSON.stringify(join(folder, "pids"))})
    while not os.path.exists(${JSON.stringify(join(folder, "go"))}):
        time.sleep(0.02)
    away.kill()
`;
