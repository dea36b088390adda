// Events: what code around a run posts to tell how far it is. Names carry the prefix `Microsoft.MachineLearning.Run.`.
import Type, { type Static } from "typebox";
import { ErrorResponse } from "../errors.ts";
import { anyObject, dateTime, model, optional } from "../model.ts";

export const EVENT_PREFIX = "Microsoft.MachineLearning.Run.";

export const BaseEvent = model("BaseEvent", {
  timestamp: optional(dateTime()),
  name: optional(Type.String()),
  data: optional(anyObject()),
});
export type BaseEvent = Static<typeof BaseEvent>;

export const BatchEventCommand = model("BatchEventCommand", { events: optional(Type.Array(BaseEvent)) });
export const BatchEventCommandResult = model("BatchEventCommandResult", {
  errors: optional(
    Type.Array(
      model("KeyValuePairBaseEventErrorResponse", {
        key: optional(BaseEvent),
        value: optional(ErrorResponse),
      }),
    ),
  ),
  successes: optional(Type.Array(Type.String({ description: "The runs of the events that were taken." }))),
});
