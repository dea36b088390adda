// Machines whose network speaks but one kind of addresses: a network and a file of hosts of their own, around a command.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** What the kernel answers to a program that asks for a socket of IPv6 where it was started without (`ipv6.disable=1`): EAFNOSUPPORT. */
const WITHOUT_IPV6 = `import ctypes, os, platform, struct, sys
socket = {"x86_64": 41, "aarch64": 198}[platform.machine()]
rules = [(0x20, 0, 0, 0), (0x15, 0, 3, socket), (0x20, 0, 0, 16), (0x15, 0, 1, 10), (0x06, 0, 0, 0x50000 | 97), (0x06, 0, 0, 0x7FFF0000)]
text = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
program = ctypes.create_string_buffer(struct.pack("HL", len(rules), ctypes.addressof(text)))
prctl = ctypes.CDLL(None, use_errno=True).prctl
prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
if prctl(38, 1, 0, 0, 0) or prctl(22, 2, ctypes.addressof(program), 0, 0):
    sys.exit("no filter: %d" % ctypes.get_errno())
os.execvp(sys.argv[1], sys.argv[1:])
`;

const NETWORKS = {
  "IPv6 alone": { address: "::1", making: "ip address delete 127.0.0.1/8 dev lo" },
  "IPv4 alone": { address: "127.0.0.1", making: "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6" },
  "IPv4 alone, without IPv6 in the kernel": { address: "127.0.0.1", making: `set -- python3 -c "$0" "$@"` },
} as const;

export type Network = keyof typeof NETWORKS;
export const networks = Object.keys(NETWORKS) as readonly Network[];

/** The arguments that run a command on a machine with that network, whose only names are these. `folder`: for the file of hosts. */
export function inNetwork(network: Network, folder: string, names: readonly string[]): readonly string[] {
  const { address, making } = NETWORKS[network];
  const hosts = join(folder, "hosts");
  writeFileSync(hosts, names.map((name) => `${address} ${name}\n`).join(""));
  const world = `hosts=$1; shift; ip link set lo up && mount --bind "$hosts" /etc/hosts && ${making} && exec "$@"`;
  return ["unshare", "--map-root-user", "--net", "--mount", "sh", "-c", world, WITHOUT_IPV6, hosts];
}

/** Why no such machine can be made here. */
export function withoutNetwork(network: Network, folder: string): string | undefined {
  const [program = "", ...args] = inNetwork(network, folder, ["node"]);
  const { status, stderr, error } = spawnSync(program, [...args, "true"], { encoding: "utf8" });
  return status === 0 ? undefined : `no such network can be made here: ${error?.message ?? stderr}`;
}
