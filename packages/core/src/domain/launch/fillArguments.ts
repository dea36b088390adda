// Puts what the service knows into the arguments of a script: `$LOCAL_RANK`, `$AZUREML_…`. Pure; there is no shell.

/** Names that may stand in arguments. Others, as `$HOME`, stay as they are: no shell reads them. */
const NAMES =
  /^(AZUREML_\w+|AZ_BATCH\w*|OMPI_COMM_WORLD_\w+|MASTER_ADDR|MASTER_PORT|WORLD_SIZE|LOCAL_WORLD_SIZE|RANK|LOCAL_RANK|NODE_RANK|TF_CONFIG)$/;
const PLACE = /\$(?:\{(\w+)\}|(\w+))/g;

/**
 * Each `$NAME` and `${NAME}` of such a name becomes the variable's value. One that is not set stays as it was written. What is put
 * in is not looked into again.
 */
export const fillArguments = (
  given: readonly string[],
  variables: Readonly<Record<string, string>>,
): string[] =>
  given.map((text) =>
    text.includes("$")
      ? text.replaceAll(PLACE, (place, braced: string | undefined, plain: string | undefined) => {
          const name = braced ?? plain ?? "";
          return NAMES.test(name) && Object.hasOwn(variables, name) ? (variables[name] ?? place) : place;
        })
      : text,
  );
