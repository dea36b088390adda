import type { Run } from "@malachite/client";
export function ResubmitDialog(_: {
  run: Run;
  runId: string;
  experimentName: string | undefined;
  close: () => void;
}) {
  return null;
}
