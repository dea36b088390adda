// Says in plain words when Node is too old to run this repository's TypeScript. Plain JS, so that an old Node can read it.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  console.error(
    `Malachite needs Node 24 or newer, and this is Node ${process.versions.node} (${process.execPath}).\n` +
      "Run this through npm after `npm ci`, which brings a Node 24 of its own as an optional dependency.\n" +
      "If it did not (optional dependencies omitted, or a platform it is not made for), install Node 24 yourself.",
  );
  process.exit(1);
}
