// An error in the place of what could not be shown.
import { CircleAlert } from "lucide-react";
import { faultOf } from "../service/faults.ts";
import { Button } from "./Button.tsx";
import classes from "./FaultNote.module.css";

/** Tells an error whole, and offers to try again. */
export function FaultNote({ error, again }: { readonly error: unknown; readonly again?: () => void }) {
  const { message, detail } = faultOf(error);
  return (
    <div className={classes.note} role="alert">
      <CircleAlert aria-hidden />
      <div>
        <p className={classes.message}>{message}</p>
        {detail !== "" && <p className={classes.detail}>{detail}</p>}
      </div>
      {again && (
        <Button size="small" onClick={again}>
          Try again
        </Button>
      )}
    </div>
  );
}
