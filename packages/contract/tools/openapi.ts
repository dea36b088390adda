// For the repository's generator: the document that packages/contract/openapi.json holds.
export { openApiDocument } from "../src/openapi.ts";
