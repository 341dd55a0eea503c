/** Accounts, roles, hospital systems and institutions as the API tells them. */
export type Grant = { id: string; role: string; title: string; tenant: string; institution?: string };

export type Account = {
  id: string;
  name: string;
  fullName?: string;
  tenant: string;
  institution: string;
  locked: boolean;
  mustChangePassword: boolean;
  expires?: string;
  grants: Grant[];
};

export type Role = {
  name: string;
  title: string;
  permissions: string[];
  fixed: boolean;
  administers: boolean;
  tenant?: string;
};
export type Roles = { roles: Role[]; permissions: Record<string, string>; apart: string[] };
export type Password = { temporaryPassword: string };

export type Proof = "secret" | "keys" | "jku" | "certificate";
export type Client = {
  id: string;
  title: string;
  tenant: string;
  institution: string;
  permissions: string[];
  proves: Exclude<Proof, "jku">;
  kids?: string[];
  jku?: string;
  issuer?: string;
  locked: boolean;
  expires?: string;
  created: string;
  by: string;
  used?: string;
};
export type Clients = { clients: Client[]; permissions: string[]; usual: string[] };
export type Secret = { secret: string };

export type Offers = { items: { id: string; name: string; said: string }[] };

export type Institution = {
  key: string;
  tenant: string;
  parent: string;
  name: string;
  kind: string;
  level: number | null;
  aliases: string[];
  recognition: string[];
  version: number;
  active: boolean;
};
