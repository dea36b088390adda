"""Writes a source package whose build tells its process id, then waits until a file is there: `sourcePackage.py FOLDER NAME VERSION`."""
import io
import sys
import tarfile

folder, name, version = sys.argv[1:]
backend = '''
import base64, hashlib, os, time, zipfile
FOLDER, NAME, VERSION = %r, %r, %r
def get_requires_for_build_wheel(config_settings=None): return []
def build_wheel(out, config_settings=None, metadata_directory=None):
    with open(FOLDER + "/pid.new", "w") as file:
        file.write(str(os.getpid()))
    os.rename(FOLDER + "/pid.new", FOLDER + "/pid")
    if os.path.exists(FOLDER + "/broken"):
        raise RuntimeError("the compiler of %%s says no" %% NAME)
    while not os.path.exists(FOLDER + "/go"):
        time.sleep(0.05)
    info = "%%s-%%s.dist-info/" %% (NAME, VERSION)
    files = {
        NAME + ".py": "VERSION = %%r\\n" %% VERSION,
        info + "METADATA": "Metadata-Version: 2.1\\nName: %%s\\nVersion: %%s\\n" %% (NAME, VERSION),
        info + "WHEEL": "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    hashed = lambda text: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    record = "".join("%%s,sha256=%%s,%%d\\n" %% (path, hashed(text), len(text)) for path, text in files.items())
    wheel = "%%s-%%s-py3-none-any.whl" %% (NAME, VERSION)
    with zipfile.ZipFile(out + "/" + wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
        archive.writestr(info + "RECORD", record + info + "RECORD,,\\n")
    return wheel
''' % (folder, name, version)
files = {
    "PKG-INFO": "Metadata-Version: 2.2\nName: %s\nVersion: %s\n" % (name, version),
    "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    '[project]\nname = "%s"\nversion = "%s"\n' % (name, version),
    "backend.py": backend,
}
with tarfile.open("%s/%s-%s.tar.gz" % (folder, name, version), "w:gz") as archive:
    for path, text in files.items():
        item = tarfile.TarInfo("%s-%s/%s" % (name, version, path))
        item.size = len(text.encode())
        archive.addfile(item, io.BytesIO(text.encode()))
