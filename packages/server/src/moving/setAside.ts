// Names by the ten thousand that must be looked up while a workspace is moved: in a database of this process alone, on the disk and not
// in memory, which goes with the process.
import { DatabaseSync } from "node:sqlite";

export class SetAside implements Disposable {
  readonly #db = new DatabaseSync("");
  readonly #put;
  readonly #get;

  constructor() {
    this.#db.exec(
      "create table names (kind text, name text, value text, primary key (kind, name)) without rowid; begin",
    );
    this.#put = this.#db.prepare(
      "insert into names values (?, ?, ?) on conflict do update set value = excluded.value",
    );
    this.#get = this.#db.prepare("select value from names where kind = ? and name = ?");
  }

  put(kind: string, name: string, value = ""): void {
    this.#put.run(kind, name, value);
  }

  get(kind: string, name: string): string | undefined {
    return this.#get.get(kind, name)?.value as string | undefined;
  }

  /** In order of name. */
  *all(kind: string): Generator<readonly [name: string, value: string]> {
    const all = this.#db.prepare("select name, value from names where kind = ? order by name");
    for (const { name, value } of all.iterate(kind)) yield [String(name), String(value)];
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}
