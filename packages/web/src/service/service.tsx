// The service behind these pages: one client, one token, and the workspace that the address names.
import { MalachiteClient, type WorkspaceAddress, type WorkspaceClient } from "@malachite/client";
import { createContext, type ReactNode, useContext, useMemo } from "react";

export type Service = {
  readonly client: MalachiteClient;
  readonly token: string;
  /** Takes another token; everything is asked for anew. */
  readonly signIn: (token: string) => void;
};

const ServiceContext = createContext<Service | undefined>(undefined);

/** Makes the client for a token. */
export function ServiceProvider({
  token,
  signIn,
  children,
}: {
  readonly token: string;
  readonly signIn: (token: string) => void;
  readonly children: ReactNode;
}) {
  const service = useMemo(() => {
    const client = new MalachiteClient(location.origin, token, {
      allowInsecureConnection: true,
      // People see that something is late, and the page says so; a third attempt would only hide it.
      retryOptions: { maxRetries: 1, retryDelayInMs: 300 },
    });
    return { client, token, signIn };
  }, [token, signIn]);
  return <ServiceContext value={service}>{children}</ServiceContext>;
}

/** The client and the token of these pages. */
export function useService(): Service {
  const service = useContext(ServiceContext);
  if (service === undefined) throw new Error("useService is for parts below ServiceProvider");
  return service;
}

/** A workspace in the address of a page: `subscription/group/name`. */
export const printWorkspace = (at: WorkspaceAddress): string =>
  `${at.subscriptionId}/${at.resourceGroup}/${at.workspace}`;

/** Reads `subscription/group/name`, or the `/subscriptions/…/resourceGroups/…/workspaces/…` of Azure's links. */
export function parseWorkspace(text: string): WorkspaceAddress | undefined {
  const long =
    /^\/?subscriptions\/([^/]+)\/resource[gG]roups\/([^/]+)\/(?:providers\/Microsoft\.MachineLearningServices\/)?workspaces\/([^/]+)\/?$/i.exec(
      text,
    );
  const [subscriptionId, resourceGroup, workspace, ...more] = long ? long.slice(1) : text.split("/");
  if (!subscriptionId || !resourceGroup || !workspace || more.length > 0) return undefined;
  return { subscriptionId, resourceGroup, workspace };
}

const WorkspaceContext = createContext<WorkspaceClient | undefined>(undefined);

/** Says which workspace the parts below are about. */
export function WorkspaceProvider({
  address,
  children,
}: {
  readonly address: WorkspaceAddress;
  readonly children: ReactNode;
}) {
  const { client } = useService();
  const key = printWorkspace(address);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is the address, which may be another object each time
  const workspace = useMemo(() => client.workspace(address), [client, key]);
  return <WorkspaceContext value={workspace}>{children}</WorkspaceContext>;
}

/** The workspace of the page. */
export function useWorkspace(): WorkspaceClient {
  const workspace = useContext(WorkspaceContext);
  if (workspace === undefined) throw new Error("useWorkspace is for parts below WorkspaceProvider");
  return workspace;
}
