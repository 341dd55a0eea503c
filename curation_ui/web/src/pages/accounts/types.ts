/** Accounts and roles as the API tells them. */
export type Grant = { id: string; role: string; title: string; tenant: string };

export type Account = {
  id: string;
  name: string;
  fullName?: string;
  tenant: string;
  locked: boolean;
  mustChangePassword: boolean;
  expires?: string;
  grants: Grant[];
};

export type Role = { name: string; title: string; permissions: string[]; fixed: boolean };
export type Roles = { roles: Role[]; permissions: Record<string, string> };
export type Password = { temporaryPassword: string };
