// What is run in a container of the base image to install an environment in it, and to see with what that can be done. Constant
// texts: what a definition says is in files beside them.

/** Where the environment is in the image that is kept. */
export const PREFIX = "/opt/malachite/env";
/** Where the files of a build are shown while it runs. */
export const BUILD = "/malachite/build";
/** The lock stands behind this line, at the end of all that is said. */
export const LOCK_MARK = "@@ lock of the environment";
/** Where the solver is while it works, in an image that has none. */
export const RATTLER = "/tmp/malachite-rattler";
/** In the image, for whoever finds it later. */
export const LOCK_FILE = `${PREFIX}/malachite-lock.txt`;

/** Turns pip's report of what it installed into lines with hashes. Python 3 of any age reads it. */
export const REPORT_SCRIPT = `import json, sys
for one in json.load(open(sys.argv[1]))["install"]:
    about, came = one["metadata"], one["download_info"]
    hashes = (came.get("archive_info") or {}).get("hashes") or {}
    line = about["name"] + ("==" + about["version"] if not one.get("is_direct") else " @ " + came["url"])
    print(line + "".join(" --hash=%s:%s" % pair for pair in sorted(hashes.items())))
`;

/** Lists a prefix as `conda list --explicit --md5` does. */
export const EXPLICIT_SCRIPT = `import glob, json, sys
for path in sorted(glob.glob(sys.argv[1] + "/conda-meta/*.json")):
    one = json.load(open(path))
    print(one["url"] + ("#" + one["md5"] if one.get("md5") else ""))
`;

/**
 * Its use: `sh build.sh venv PYTHON`, `sh build.sh conda TOOL CHANNELS-AND-PACKAGES...`, or `sh build.sh rattler PYTHON`, which reads
 * what it is to solve in a file; then pip, where there are lines for it.
 * What conda and pip say is heard as it comes.
 */
export const BUILD_SCRIPT = `set -e
umask 022
. ${BUILD}/variables
how=$1 tool=$2
shift 2
mkdir -p "$(dirname ${PREFIX})"
if [ "$how" = conda ]; then
  if [ -f ${BUILD}/explicit.txt ]; then "$tool" create -y -q -p ${PREFIX} --file ${BUILD}/explicit.txt
  else "$tool" create -y -q -p ${PREFIX} --override-channels "$@"; fi
elif [ "$how" = rattler ]; then
  "$tool" -m venv ${RATTLER} || {
    echo "The image has no conda, and its python $tool can make no virtual environment for py-rattler: ensurepip is lacking."
    echo "Install it in the image (python3-venv on Debian), or use an image with conda."
    exit 3
  }
  ${RATTLER}/bin/python -m pip install -q --no-input --disable-pip-version-check --no-cache-dir py-rattler
  ${RATTLER}/bin/python -I ${BUILD}/rattler_env.py <${BUILD}/ask.json
  rm -rf ${RATTLER}
else
  "$tool" -m venv ${PREFIX} || "$tool" -m virtualenv ${PREFIX} || {
    echo "The image's python $tool can make no virtual environment: it has neither venv with ensurepip nor virtualenv."
    echo "Install them in the image (python3-venv on Debian), or use an image with conda."
    exit 3
  }
fi
python=${PREFIX}/bin/python
: >${LOCK_FILE}
if [ -s ${BUILD}/requirements.txt ]; then
  "$python" -m pip --version >/dev/null 2>&1 || "$python" -m ensurepip >/dev/null || {
    echo "The conda packages bring no pip for the pip section. Add pip to the dependencies."
    exit 3
  }
  set -- install --no-input --disable-pip-version-check --no-cache-dir --progress-bar off -r ${BUILD}/requirements.txt
  if [ -f ${BUILD}/constraints.txt ]; then set -- "$@" -c ${BUILD}/constraints.txt; fi
  if [ -f ${BUILD}/locked ]; then set -- "$@" --no-deps; fi
  if "$python" -m pip install --help | grep -q -e '--report'; then
    "$python" -m pip "$@" --report /tmp/malachite-report.json
    "$python" ${BUILD}/report.py /tmp/malachite-report.json >>${LOCK_FILE}
    rm -f /tmp/malachite-report.json
  else
    "$python" -m pip "$@"
    "$python" -m pip freeze --disable-pip-version-check >>${LOCK_FILE}
  fi
fi
if [ "$how" = conda ]; then
  "$tool" list -p ${PREFIX} --explicit --md5 | grep '://' >${LOCK_FILE}.conda || :
elif [ "$how" = rattler ]; then
  "$python" ${BUILD}/explicit.py ${PREFIX} >${LOCK_FILE}.conda
fi
"$python" -c 'import sys; print("# python: %d.%d.%d" % sys.version_info[:3])' >${LOCK_FILE}.python
echo '${LOCK_MARK}'
cat ${LOCK_FILE}.python
if [ -f ${LOCK_FILE}.conda ]; then cat ${LOCK_FILE}.conda; fi
echo '# pip'
cat ${LOCK_FILE}
`;

/** Says again what a build has said of its lock. */
export const READ_LOCK = `cat ${LOCK_FILE}.python
if [ -f ${LOCK_FILE}.conda ]; then cat ${LOCK_FILE}.conda; fi
echo '# pip'
cat ${LOCK_FILE}`;

const VERSIONS = Array.from({ length: 12 }, (_, index) => `python3.${index + 5}`);

/** Tells every python and every conda of an image, one a line. */
export const SURVEY = `for tool in conda mamba micromamba /opt/conda/bin/conda /opt/miniconda/bin/conda; do
  if found=$(command -v "$tool"); then echo "conda $found"; break; fi
done
for name in python3 python ${VERSIONS.join(" ")} /usr/local/bin/python3 /opt/conda/bin/python /usr/bin/python3; do
  if found=$(command -v "$name"); then
    "$found" -E -s -c 'import sys; print("python %s %d.%d.%d" % ((sys.executable,) + tuple(sys.version_info[:3])))' || :
  fi
done`;
