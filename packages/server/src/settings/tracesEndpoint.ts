// Where traces go: the setting, or what every program with OpenTelemetry reads from its environment.

type Env = Readonly<Record<string, string | undefined>>;

/** The whole address, `…/v1/traces`; undefined where traces are not wanted. */
export function tracesEndpoint(given: string | undefined, env: Env, faults: string[]): string | undefined {
  const found =
    given !== undefined
      ? { base: given, from: "--traces-endpoint" }
      : env.OTEL_SDK_DISABLED?.toLowerCase() === "true"
        ? undefined
        : env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
          ? { whole: env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, from: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" }
          : env.OTEL_EXPORTER_OTLP_ENDPOINT
            ? { base: env.OTEL_EXPORTER_OTLP_ENDPOINT, from: "OTEL_EXPORTER_OTLP_ENDPOINT" }
            : undefined;
  if (found === undefined) return undefined;
  const address = found.whole ?? `${found.base?.replace(/\/+$/, "").replace(/\/v1\/traces$/, "")}/v1/traces`;
  if (/^https?:$/.test(URL.parse(address)?.protocol ?? "")) return address;
  faults.push(
    `${found.from} must be a URL such as http://127.0.0.1:4318; it is '${found.base ?? found.whole}'.`,
  );
  return undefined;
}
