/** Who is logged in, and what they may do. */
import { createContext, useContext } from "react";

export type Session = {
  name: string;
  fullName: string;
  kind: "local" | "key" | "client" | "account";
  institution: string;
  /** What people call it. */
  institutionName: string;
  roles: { name: string; title: string }[];
  permissions: string[];
  scope: string[];
  blocked: "" | "password" | "second-factor";
  watermark: { name: string; institution: string; time: string; code: string };
  secondFactor?: boolean;
  recoveryCodesLeft?: number;
  csrf?: string;
  /** What the identity provider is called that they logged in with. */
  provider?: string;
};

const Context = createContext<Session | undefined>(undefined);
export const SessionProvider = Context.Provider;

/** Whoever uses the page. */
export function useSession(): Session {
  const found = useContext(Context);
  if (!found) throw new Error("outside of a session");
  return found;
}

/** Whether they may do something. */
export function useMay(permission: string): boolean {
  return useSession().permissions.includes(permission);
}
