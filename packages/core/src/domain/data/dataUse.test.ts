// What a definition asks for, as the v1 SDK sends it, and what of it is refused by name.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDefinition } from "../definition/parseDefinition.ts";
import type { Detail } from "../failure/malachiteError.ts";
import { FOLDER_MARK } from "../launch/launchPlan.ts";
import { putPaths, putVariables } from "../launch/placeholders.ts";
import { dataUses, storePath } from "./dataUse.ts";
import { placeData } from "./placeData.ts";

const read = (configuration: object) =>
  dataUses(
    parseDefinition({ configuration: { script: "a.py", ...configuration } }).definition.configuration,
    "run_1",
  );

function refused(configuration: object): Record<string, string> {
  try {
    read(configuration);
  } catch (error) {
    const { code, details } = error as { code: string; details: readonly Detail[] };
    return Object.fromEntries(
      details.map(({ target, message, code: own }) => [target, `${own ?? code}: ${message}`]),
    );
  }
  throw new Error("was not refused");
}

const reference = (more: object) => ({
  dataReferences: { x: { dataStoreName: "Store", mode: "download", ...more } },
});
const input = (more: object) => ({ data: { x: { mechanism: "mount", ...more } } });
const output = (more: object) => ({ outputData: { x: { mechanism: "upload", ...more } } });

describe("data of a definition", () => {
  it("of a data reference lies where the SDK's own code puts it", () => {
    for (const [more, at] of [
      [{}, "Store"],
      [{ pathOnDataStore: "/a/b/" }, "Store/a/b"],
      [{ pathOnDataStore: "a", pathOnCompute: "p/q" }, "Store/p/q/a"],
      [{ pathOnDataStore: "a", pathOnCompute: "../in" }, "in/a"],
      [{ pathOnDataStore: "a", pathOnCompute: "/mnt/x" }, "/mnt/x/a"],
      [{ mode: "mount" }, undefined],
      [{ mode: "mount", pathOnCompute: "./here/" }, "here"],
      [{ mode: "Upload", pathOnCompute: "results" }, "results"],
    ] as const)
      assert.equal(read(reference(more))[0]?.at, at, JSON.stringify(more));
  });

  it("of an output goes to a folder of the run where it names no place", () => {
    const [plain] = read({ outputData: { o: { mechanism: "mount" } } });
    assert.deepEqual(plain?.place, { datastore: "workspaceblobstore", path: "dataset/run_1/o" });
    const [named] = read(
      output({
        outputLocation: { dataPath: { datastoreName: "d", relativePath: "r/{run-id}/{output-name}" } },
        additionalOptions: { uploadOptions: { overwrite: true, sourceGlobs: { patterns: ["*.csv"] } } },
      }),
    );
    assert.deepEqual(
      [named?.place, named?.overwrite, named?.globs],
      [{ datastore: "d", path: "r/run_1/x" }, true, ["*.csv"]],
    );
  });

  it("of a URI is a file of the web, or a path of a datastore", () => {
    const at = (path: string) =>
      read(input({ mechanism: "download", dataLocation: { uri: { path, isFile: true } } }))[0]?.place;
    assert.deepEqual(at("https://x.example/a?sig=1"), { uri: "https://x.example/a?sig=1" });
    const workspace = "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/d/paths/a/b";
    for (const uri of ["azureml://datastores/d/paths/a/b", workspace])
      assert.deepEqual(at(uri), { datastore: "d", path: "a/b" });
  });

  it("of a mount is only read, unless its options say so; and they may name the folder of a file", () => {
    const use = (options: object) =>
      read(input({ dataLocation: { dataPath: { datastoreName: "d", relativePath: "f" } }, options }))[0];
    assert.deepEqual([use({})?.readOnly, use({})?.namesFile], [true, true]);
    assert.equal(use({ ReadWrite: "True" })?.readOnly, false);
    assert.equal(use({ forceFolder: "True" })?.namesFile, false);
  });

  it("never leads out of its datastore", () => {
    for (const path of [
      "../x",
      "a/../../x",
      "a/..",
      "%2e%2e/x",
      "a/%2E./x",
      "a%2f..%2fx",
      "a\\b",
      "a//b",
      "a\0",
    ])
      assert.equal(storePath(path), undefined, path);
    for (const [path, plain] of [
      ["", ""],
      [".", ""],
      ["/", ""],
      ["./a/", "a"],
      ["100%", "100%"],
      ["a%20b", "a%20b"],
    ])
      assert.equal(storePath(path ?? ""), plain);
  });

  it("that cannot be had is refused, each by its property", () => {
    const location = { dataPath: { datastoreName: "d", relativePath: "a" } };
    for (const [configuration, target, words] of [
      [{ dataReferences: { x: {} } }, "dataReferences.x.dataStoreName", /required/],
      [reference({ pathOnDataStore: "../a" }), "dataReferences.x.pathOnDataStore", /inside the datastore/],
      [
        reference({ mode: "mount", pathOnCompute: "../../a" }),
        "dataReferences.x.pathOnCompute",
        /project folder/,
      ],
      [reference({ mode: "mount", pathOnCompute: "outputs" }), "dataReferences.x.pathOnCompute", /run's own/],
      [{ dataReferences: { "a/b": { dataStoreName: "d" } } }, "dataReferences.a/b", /A name of data/],
      [input({}), "data.x.dataLocation", /Exactly one/],
      [
        input({ dataLocation: { dataset: { id: "i" } } }),
        "data.x.dataLocation.dataset",
        /UnsupportedField: Datasets are not served/,
      ],
      [
        input({ dataLocation: location, mechanism: "direct" }),
        "data.x.mechanism",
        /UnsupportedField: 'Direct'/,
      ],
      [
        input({ dataLocation: location, environmentVariableName: "path" }),
        "data.x",
        /place of the variable PATH/,
      ],
      [
        input({ dataLocation: location, environmentVariableName: "azureml_run_id" }),
        "data.x",
        /AZUREML_RUN_ID/,
      ],
      [
        input({ dataLocation: { uri: { path: "wasbs://c@a/b" } } }),
        "data.x.dataLocation.uri.path",
        /UnsupportedField: 'wasbs'/,
      ],
      [
        input({ dataLocation: { uri: { path: "https://u:p@h/b" } } }),
        "data.x.dataLocation.uri.path",
        /kept and shown/,
      ],
      [
        output({ outputLocation: { uri: { path: "https://h/b" } } }),
        "outputData.x.outputLocation.uri.path",
        /go to a datastore/,
      ],
      [output({ mechanism: "link" }), "outputData.x.mechanism", /UnsupportedField: 'Link'/],
      [
        output({ additionalOptions: { registrationOptions: { name: "set" } } }),
        "outputData.x.additionalOptions.registrationOptions",
        /UnsupportedField: Datasets are not served/,
      ],
      [{ ...reference({}), ...output({}) }, "outputData.x", /is taken by configuration\.dataReferences\.x/],
    ] as const) {
      const faults = refused(configuration);
      assert.match(faults[`configuration.${target}`] ?? `not among ${Object.keys(faults)}`, words);
    }
  });
});

describe("paths of data", () => {
  const paths = new Map([
    ["x", "/data/x"],
    ["x_long", "/data/long"],
    ["my-data.1", "/data/odd"],
  ]);

  it("take the place of their names in arguments", () => {
    for (const [text, expected] of [
      ["$AZUREML_DATAREFERENCE_x", "/data/x"],
      ["--in=$AZUREML_DATAREFERENCE_x/sub.csv", "--in=/data/x/sub.csv"],
      ["$AZUREML_DATAREFERENCE_x_long", "/data/long"],
      [`\${AZUREML_DATAREFERENCE_x}_y`, "/data/x_y"],
      ["DatasetConsumptionConfig:x", "/data/x"],
      ["DatasetOutputConfig:my-data.1/z", "/data/odd/z"],
      ["$AZUREML_DATAREFERENCE_xy", "$AZUREML_DATAREFERENCE_xy"],
      ["$AZUREML_DATAREFERENCE_unknown $HOME", "$AZUREML_DATAREFERENCE_unknown $HOME"],
    ] as const)
      assert.equal(putPaths(text, paths), expected, text);
  });

  it("stay variables in a command, which the shell puts in", () => {
    const line = "python a.py --in DatasetConsumptionConfig:x --raw $AZUREML_DATAREFERENCE_x";
    assert.equal(
      putVariables(line, [...paths.keys()]),
      'python a.py --in "$AZUREML_DATAREFERENCE_x" --raw $AZUREML_DATAREFERENCE_x',
    );
  });

  it("are those that the run sees, in its project, out of it, and of one file", () => {
    const uses = read({
      dataReferences: {
        down: { dataStoreName: "d", pathOnDataStore: "a/f.txt", mode: "download" },
        up: { dataStoreName: "d", mode: "upload", pathOnCompute: "results/x" },
      },
      data: {
        in1: {
          mechanism: "download",
          dataLocation: { dataPath: { datastoreName: "d", relativePath: "g.txt" } },
        },
      },
      outputData: { out1: { mechanism: "upload" } },
    });
    const { environment, mounts, folders } = placeData(
      uses,
      new Map([
        ["down", { source: "/s/down/f.txt", file: "f.txt" }],
        ["in1", { source: "/s/in1/g.txt", file: "g.txt" }],
        ["out1", { source: "/s/out1" }],
      ]),
    );
    const run = FOLDER_MARK;
    assert.deepEqual(environment, {
      AZUREML_DATAREFERENCE_down: `${run}/project/d/a/f.txt`,
      AZUREML_DATAREFERENCE_up: `${run}/project/results/x`,
      ...{ in1: `${run}/data/in1/g.txt`, IN1: `${run}/data/in1/g.txt` },
      AZUREML_DATAREFERENCE_in1: `${run}/data/in1/g.txt`,
      ...{
        out1: `${run}/data/out1`,
        OUT1: `${run}/data/out1`,
        AZUREML_DATAREFERENCE_out1: `${run}/data/out1`,
      },
    });
    assert.deepEqual(folders, ["results"]);
    assert.deepEqual(mounts, [
      { source: "/s/down/f.txt", at: "d/a/f.txt", readOnly: false, merge: "keep" },
      { source: "/s/in1/g.txt", at: `${run}/data/in1/g.txt`, readOnly: false, merge: "keep" },
      { source: "/s/out1", at: `${run}/data/out1`, readOnly: false },
    ]);
  });
});
