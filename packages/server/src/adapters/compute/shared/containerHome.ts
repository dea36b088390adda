// The user as whom a run is in a container, and the home that this user has there.
import { CONTAINER_FOLDER } from "@malachite/core";

/** Who runs the service: the files of a run are to be this user's. */
export type ServiceUser = { readonly uid: number; readonly gid: number; readonly name: string };

/** Where a run that is not root finds a home, in the run's folder. Made with it. */
export const HOME = "home";

/** A user whom the image does not know has no home there, and programs that ask for one fail. */
export const homeOf = ({ uid, name }: ServiceUser, isRoot = uid === 0): Record<string, string> =>
  isRoot ? {} : { HOME: `${CONTAINER_FOLDER}/${HOME}`, USER: name, LOGNAME: name };
