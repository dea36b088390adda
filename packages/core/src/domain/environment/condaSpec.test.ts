import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readCondaSpec } from "./condaSpec.ts";
import { readLocalBuild } from "./localBuild.ts";
import { distributionOf, linesOf, readPipLine } from "./pipLines.ts";

const read = (dependencies: unknown, more: Record<string, unknown> = {}) =>
  readCondaSpec({ dependencies, ...more });

describe("conda dependencies", () => {
  it("are read as the SDK sends them", () => {
    const { spec, faults } = read(["python=3.8.13", { pip: ["azureml-defaults"] }], {
      name: "project_environment",
      channels: ["anaconda", "conda-forge"],
    });
    assert.deepEqual(faults, []);
    assert.deepEqual(spec, {
      channels: ["anaconda", "conda-forge"],
      python: "=3.8.13",
      packages: [],
      installers: [],
      pip: ["azureml-defaults"],
      variables: {},
    });
  });

  it("part what pip can do from what only conda can", () => {
    const { spec, faults } = read([
      "python>=3.8,<3.11",
      "pip=20.2.4",
      "setuptools",
      "numpy=1.24",
      "conda-forge::scipy",
      "openmpi 4.1.* h1",
      { pip: ["six", "--extra-index-url https://h/simple"] },
    ]);
    assert.deepEqual(faults, []);
    assert.equal(spec.python, ">=3.8,<3.11");
    assert.deepEqual(spec.installers, [
      { name: "pip", conda: "pip=20.2.4", pip: "pip==20.2.4.*" },
      { name: "setuptools", conda: "setuptools", pip: "setuptools" },
    ]);
    assert.deepEqual(spec.packages, ["numpy=1.24", "conda-forge::scipy", "openmpi 4.1.* h1"]);
    assert.deepEqual(spec.pip, ["six", "--extra-index-url https://h/simple"]);
  });

  it("leave a python of one build or channel to the solver", () => {
    assert.deepEqual(read(["python=3.8.13=h12_0"]).spec.packages, ["python=3.8.13=h12_0"]);
    assert.deepEqual(read(["conda-forge::python=3.8"]).spec.packages, ["conda-forge::python=3.8"]);
  });

  it("name each fault by its place", () => {
    const { faults } = read(["python=3.8", 7, "", { pip: ["-e .", "./x", 3], npm: [] }], {
      platforms: ["x"],
      channels: "conda-forge",
      variables: { A: "1", "b c": "2", C: {} },
    });
    assert.deepEqual(
      faults.map(({ target }) => target.replace("configuration.environment.python.condaDependencies", "")),
      [
        ".platforms",
        ".channels",
        ".variables.b c",
        ".variables.C",
        ".dependencies[1]",
        ".dependencies[2]",
        ".dependencies[3].npm",
        ".dependencies[3].pip[2]",
        ".dependencies[3].pip[0]",
        ".dependencies[3].pip[1]",
      ],
    );
    assert.match(faults.find(({ target }) => target.endsWith("pip[0]"))?.message ?? "", /Editable packages/);
  });

  it("take nothing for an empty file", () => {
    assert.deepEqual(readCondaSpec({}).faults, []);
    assert.deepEqual(readCondaSpec({ dependencies: null, channels: null }).faults, []);
  });
});

describe("a line of the pip section", () => {
  it("is a requirement", () => {
    assert.deepEqual(readPipLine("a[b]==1 ; python_version<'3'"), [
      { kind: "requirement", text: "a[b]==1 ; python_version<'3'", hashes: [] },
    ]);
    assert.deepEqual(readPipLine(`six==1.16.0 --hash=sha256:AB12 --hash sha512:cd`), [
      { kind: "requirement", text: "six==1.16.0", hashes: ["sha256:ab12", "sha512:cd"] },
    ]);
    for (const text of [
      "git+https://h/x.git@v1#egg=x",
      "x @ https://h/x.whl",
      "/abs/x.whl",
      "https://h/a.zip",
    ])
      assert.deepEqual(readPipLine(text), [{ kind: "requirement", text, hashes: [] }]);
    assert.deepEqual(readPipLine("# nothing"), []);
  });

  it("is one option or several", () => {
    assert.deepEqual(readPipLine("--extra-index-url=https://a/s -i https://b/s --pre"), [
      { kind: "option", name: "extra-index-url", value: "https://a/s" },
      { kind: "option", name: "index-url", value: "https://b/s" },
      { kind: "option", name: "pre" },
    ]);
    assert.deepEqual(readPipLine("--find-links '/my wheels'"), [
      { kind: "option", name: "find-links", value: "/my wheels" },
    ]);
    assert.deepEqual(readPipLine("-r ./deps/r.txt"), [
      { kind: "include", constraints: false, path: "deps/r.txt" },
    ]);
    assert.deepEqual(readPipLine("-cc.txt"), [{ kind: "include", constraints: true, path: "c.txt" }]);
  });

  it("is refused by name", () => {
    for (const [line, words] of [
      ["-e git+https://h/x", /Editable/],
      ["--editable .", /Editable/],
      ["--prefer-binary", /--prefer-binary is not taken/],
      [".", /path in the project/],
      ["../x", /path in the project/],
      ["dist/x-1-py3-none-any.whl", /path in the project/],
      ["-r https://h/r.txt", /file of the project/],
      ["-f wheels", /absolute path/],
      ["--index-url", /needs a value/],
      ["six --global-option=x", /is not taken behind a requirement/],
    ] as const) {
      const [fault] = readPipLine(line);
      assert.equal(fault?.kind, "fault", line);
      assert.match(fault?.kind === "fault" ? fault.message : "", words);
    }
  });

  it("is taken from a file with its continuations and comments", () => {
    assert.deepEqual(linesOf("# x\r\nsix==1 \\\n  --hash=sha256:ab # y\n\nidna\n"), [
      "six==1    --hash=sha256:ab",
      "idna",
    ]);
  });

  it("names a distribution", () => {
    assert.deepEqual(
      ["Foo_Bar.baz[x]>=1", "six", "x @ https://h/x.whl", "https://h/x.whl", "a ; python_version<'3'"].map(
        distributionOf,
      ),
      ["foo-bar-baz", "six", "x", undefined, "a"],
    );
  });
});

describe("what a local run builds", () => {
  const localOf = (dependencies: unknown[], more = {}) =>
    readLocalBuild({ python: { condaDependencies: { dependencies, variables: { A: 1 } }, ...more } });

  it("is python and pip packages", () => {
    assert.deepEqual(localOf(["python>=3.8,<4", "pip=20.2", { pip: ["six", "-r a.txt"] }]), {
      build: {
        python: [
          [
            { op: ">=", version: [3, 8] },
            { op: "<", version: [4] },
          ],
        ],
        asked: ">=3.8,<4",
        pip: ["six", "-r a.txt", "pip==20.2.*"],
      },
      variables: { A: "1" },
      faults: [],
    });
  });

  it("is conda packages with the python and a pip among them, from the channels that are named", () => {
    const condaOf = (dependencies: unknown[], channels: string[]) =>
      readLocalBuild({ python: { condaDependencies: { channels, dependencies } } }).build;
    const { conda, pip } = condaOf(
      ["python=3.8", "numpy=1.24", "conda-forge::scipy", { pip: ["six"] }],
      ["anaconda", "nodefaults"],
    );
    assert.deepEqual(conda, {
      channels: ["anaconda"],
      packages: ["python=3.8", "numpy=1.24", "conda-forge::scipy", "pip"],
    });
    assert.deepEqual(pip, ["six"]);
    const other = condaOf(["python 3.8.1", "numpy", "pip=20.2"], []);
    assert.deepEqual(other.conda, { channels: [], packages: ["python 3.8.1", "numpy", "pip=20.2"] });
    assert.equal(condaOf(["python=3.8", "pip=20.2"], ["anaconda"]).conda, undefined);
  });

  it("has no base, by name", () => {
    const { faults } = localOf(["numpy=1.24"], { baseCondaEnvironment: "base" });
    assert.deepEqual(
      faults.map(({ code, target }) => [code, target]),
      [["UnsupportedField", "configuration.environment.python.baseCondaEnvironment"]],
    );
  });
});
