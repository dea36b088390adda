// Passwords of registries that runs pull their images from, sealed, apart from the definitions that are handed back.
import type { Migration } from "./migration.ts";

export const registryPasswords: Migration = {
  number: 10,
  name: "registry passwords",
  up: ({ text }) => [`alter table run_bodies add column sealed_password ${text}`],
};
