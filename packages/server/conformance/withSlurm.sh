#!/usr/bin/env bash
# Runs a command in a view of this machine in which Slurm is the one of a newer release: its packages and the libraries that they need lie over
# /usr, for this command and what it starts alone. Nothing is installed. By root, on Debian 12; the tests start that Slurm as they do any other.
#   packages/server/conformance/withSlurm.sh RELEASE ARCHIVE COMMAND…
# RELEASE is trixie (Debian 13: Slurm 24.11), or noble (Ubuntu 24.04: 23.11); ARCHIVE the address of an archive of that distribution.
set -euo pipefail
release=${1:-} archive=${2:-} root=${MALACHITE_CACHE:-$HOME/.cache/malachite}/slurm-$release
plugins=/usr/lib/x86_64-linux-gnu/slurm-wlm
packages=(munge slurmctld slurmd slurm-client slurmrestd slurm-wlm-jwt-plugin libpmi2-0 libpmix2t64)
case $release in
  trixie) components=main ;;
  noble) components="main universe" ;;
  *) release= ;;
esac
[ -n "$release" ] && [ $# -gt 2 ] || { echo "usage: $(basename "$0") trixie|noble ARCHIVE COMMAND…" >&2; exit 2; }
shift 2

unpack() {
  local apt=$root.apt into=$root.new deb
  rm -rf "$apt" "$into"
  mkdir -p "$apt"/{lists,archives}/partial "$into"/usr/{bin,sbin,lib,lib64}
  for name in bin sbin lib lib64; do ln -s "usr/$name" "$into/$name"; done
  local keys=/usr/share/keyrings/debian-archive-keyring.gpg
  if [ "$release" = noble ]; then
    keys=$apt/usr/share/keyrings/ubuntu-archive-keyring.gpg
    curl -sSf -o "$apt/keys.deb" "$archive/pool/main/u/ubuntu-keyring/ubuntu-keyring_2023.11.28.1_all.deb"
    echo "36de43b15853ccae0028e9a767613770c704833f82586f28eb262f0311adb8a8  $apt/keys.deb" | sha256sum --check --quiet
    dpkg-deb -x "$apt/keys.deb" "$apt"
  fi
  echo "deb [arch=amd64 signed-by=$keys] $archive $release $components" >"$apt/sources.list"
  # To an empty status everything is missing, so all that the packages need comes along.
  get() {
    apt-get -qq -o Dir::State::status=/dev/null -o Dir::State::lists="$apt/lists" -o Dir::Etc::sourcelist="$apt/sources.list" \
      -o Dir::Etc::sourceparts=/dev/null -o Dir::Cache::archives="$apt/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
      -o APT::Sandbox::User=root -o Debug::NoLocking=1 "$@" >&2
  }
  get update
  get -y --no-install-recommends --download-only install "${packages[@]}"
  # Their libraries alone: other programs stay those of this machine, which newer libraries serve as well.
  for deb in "$apt"/archives/{lib,slurm,munge}*.deb; do
    case $(basename "$deb") in libperl* | libpython*) continue ;; esac
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$into" --keep-directory-symlink --exclude=./etc --exclude=./var --exclude=./usr/share
  done
  # It is started for the API of Slurm 22.05 alone. Newer ones are to speak all that they know; accounting, of which there is none, stops them.
  mv "$into/usr/sbin/slurmrestd" "$into/usr/sbin/slurmrestd.whole"
  apis=$(cd "$into$plugins" && ls | sed -n 's/^openapi_v0_0_\(.*\)\.so$/openapi\/v0.0.\1,/p' | tr -d '\n')openapi/slurmctld
  cat >"$into/usr/sbin/slurmrestd" <<S
#!/bin/bash
exec /usr/sbin/slurmrestd.whole "\${@/#openapi*/$apis}"
S
  chmod 755 "$into/usr/sbin/slurmrestd"
  rm -rf "$apt" "$root"
  mv "$into" "$root"
}

[ -d "$root" ] || unpack
# Plugins of the Slurm that is installed would be found beside those of the other, which then refuses to start.
exec unshare --mount sh -c '
  mount -t overlay -o "lowerdir=$0/usr:/usr" overlay /usr
  mount --bind "$0$1" "$1"
  shift
  exec "$@"
' "$root" "$plugins" "$@"
