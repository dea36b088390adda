// Views of tables in addresses, and what they ask of the API.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { askOf, columnsOf, printColumns, printSort, sortOf } from "./view.ts";

describe("a view of runs", () => {
  it("asks for the newest runs that are no children", () => {
    assert.deepEqual(askOf({}, undefined), { filter: "parentRunId eq null", reaches: "all" });
    assert.deepEqual(askOf({ children: "all" }, "e"), { experimentName: "e", reaches: "all" });
  });

  it("puts statuses, words, a filter and an order together", () => {
    assert.deepEqual(
      askOf(
        {
          status: "Failed,Running",
          q: "digits",
          filter: "tags/a eq 'x' or tags/b eq 'y'",
          sort: "metrics/it's asc",
        },
        undefined,
      ),
      {
        filter: "parentRunId eq null and status in ('Failed','Running') and (tags/a eq 'x' or tags/b eq 'y')",
        search: "digits",
        orderBy: "metrics/it's asc",
        reaches: 10_000,
      },
    );
    assert.equal(askOf({ status: "Fai'led", children: "all" }, undefined).filter, "status eq 'Fai''led'");
  });

  it("keeps columns in an address, also those whose names hold a comma", () => {
    const columns = ["status", "metrics/a,b", "tags/100%"];
    assert.deepEqual(columnsOf({ columns: printColumns(columns) }, false), columns);
    assert.ok(!columnsOf({}, true).includes("experiment"));
    assert.ok(columnsOf({ columns: "" }, false).length > 3);
  });

  it("leaves the usual order out of the address", () => {
    assert.equal(printSort(sortOf({})), undefined);
    for (const sort of ["name asc", "metrics/val loss desc"]) assert.equal(printSort(sortOf({ sort })), sort);
    assert.equal(printSort(sortOf({ sort: "nonsense" })), undefined);
  });
});
