// Statements whose text never changes are built once and then only filled in: building costs more than running them.
import { type CompiledQuery, type Kysely, type RawBuilder, sql } from "kysely";
import type { Dialect, Executor, Take } from "./executor.ts";
import type { Database } from "./schema.ts";

export type Value = string | number | null;
type Params<In> = { readonly [K in keyof In]: RawBuilder<In[K]> };
type Build<In, Out> = (
  q: Kysely<Database>,
  p: Params<In>,
  dialect: Dialect,
) => { compile(): CompiledQuery<Out> };
export type Statement<In, Out> = {
  (db: Executor, values: In): Promise<readonly Out[]>;
  /** The rows as lists, see `Executor`. */
  lists(db: Executor, values: In): Promise<readonly (readonly unknown[])[]>;
  /** The rows one by one, see `Executor`. */
  scan(db: Executor, values: In, columns: readonly (keyof Out & string)[], take: Take): Promise<void>;
  /** Once for each of the values: how many rows each has changed. For statements that answer nothing. */
  each(db: Executor, list: readonly In[]): Promise<readonly number[]>;
};

/** Stands for a value until there is one. */
class Gap {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** `statement<{ id: string }>()((q, p) => q.selectFrom("runs").selectAll().where("id", "=", p.id))` */
export function statement<In extends Readonly<Record<string, Value>>>() {
  return <Out>(build: Build<In, Out>): Statement<In, Out> => {
    const compiled = new WeakMap<Kysely<Database>, CompiledQuery<Out>>();
    const queryFor = (db: Executor): CompiledQuery<Out> => {
      let query = compiled.get(db.build);
      if (!query) {
        query = build(db.build, gaps<In>(), db.dialect).compile();
        compiled.set(db.build, query);
      }
      return query;
    };
    const filled = ({ parameters }: CompiledQuery<Out>, values: In) =>
      parameters.map((value) => (value instanceof Gap ? (values[value.name] as Value) : value));
    const one = (db: Executor, values: In): Promise<readonly Out[]> => {
      const query = queryFor(db);
      return db.all({ ...query, parameters: filled(query, values) });
    };
    return Object.assign(one, {
      lists: (db: Executor, values: In) => {
        const query = queryFor(db);
        return db.lists({ ...query, parameters: filled(query, values) });
      },
      scan: (db: Executor, values: In, columns: readonly (keyof Out & string)[], take: Take) => {
        const query = queryFor(db);
        return db.scan({ ...query, parameters: filled(query, values) }, columns, take);
      },
      each: (db: Executor, list: readonly In[]) => {
        const query = queryFor(db);
        return db.each(
          query.sql,
          list.map((values) => filled(query, values)),
        );
      },
    });
  };
}

const gaps = <In>(): Params<In> =>
  new Proxy({} as Params<In>, { get: (_, name) => sql`${new Gap(String(name))}` });
