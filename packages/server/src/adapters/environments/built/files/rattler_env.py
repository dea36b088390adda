"""Makes a conda environment with py-rattler: reads what is asked as JSON from stdin, says what it does on stderr. Nothing else."""
import asyncio
import json
import os
import sys

from rattler import Config, Gateway, MatchSpec, VirtualPackage, install, solve


def say(text):
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


async def main():
    ask = json.load(sys.stdin)
    gateway = Gateway(cache_dir=ask["cache"] + "/repodata")
    specs = [MatchSpec(text) for text in ask["specs"]]
    say("Solving %s with %s" % (", ".join(ask["specs"]), ", ".join(ask["channels"])))
    records = await solve(
        ask["channels"],
        specs,
        gateway=gateway,
        virtual_packages=VirtualPackage.detect(),
    )
    locked = ask.get("lock")
    if locked is not None:
        check(records, locked)
    for record in sorted(records, key=lambda record: record.name.normalized):
        say(" + %s %s %s" % (record.name.normalized, record.version, record.build))
    config = Config()
    # A script may write into its environment; through a link it would change the cache, and each environment made of it.
    for links in ("allow-hard-links", "allow-symbolic-links"):
        config.set(links, "false")
    await install(
        records,
        config=config,
        execute_link_scripts=True,
        target_prefix=ask["prefix"],
        cache_dir=ask["cache"] + "/pkgs",
        show_progress=False,
    )


def check(records, locked):
    """What a lock names is installed as it was, or not at all."""
    # By the names of the files, which hold name, version and build: an address may hold a token that has changed since.
    wanted = {one["url"].rsplit("/", 1)[-1]: one for one in locked}
    for record in records:
        one = wanted.pop(str(record.url).rsplit("/", 1)[-1], None)
        if one is None:
            raise SystemExit("The channels now answer %s, which is not in the lock." % record.url)
        for kind in ("sha256", "md5"):
            found = getattr(record, kind)
            if kind in one and found is not None and found.hex() != one[kind]:
                raise SystemExit("%s is not what it was when it was locked: its %s has changed." % (record.url, kind))
    if wanted:
        raise SystemExit("The channels no longer have %s." % ", ".join(sorted(wanted)))


def run():
    try:
        asyncio.run(main())
        return 0
    except SystemExit as error:
        say(str(error))
    except Exception as error:
        say(str(error) or type(error).__name__)
    return 1


if __name__ == "__main__":
    # At once: threads of the solver may still be at work, and a python that ends in order under them crashes now and then.
    os._exit(run())
