export function CopyAsDialog(_: {
  runId: string;
  experimentName: string | undefined;
  form: string;
  show: (form: "cli" | "python" | "curl") => void;
  close: () => void;
}) {
  return null;
}
