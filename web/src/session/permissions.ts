import type { Role } from '../generated/graphql';

/** What the page offers to a role. The server decides; this only spares people buttons that always refuse. */
export interface Permissions {
  /** Reads any account of the platform, and so gets the picker. */
  everyAccount: boolean;
  allocate: boolean;
  purchase: boolean;
}

const PERMISSIONS: Record<Role, Permissions> = {
  PLATFORM_ADMIN: { everyAccount: true, allocate: true, purchase: true },
  ACCOUNT_MANAGER: { everyAccount: true, allocate: false, purchase: false },
  OWNER: { everyAccount: false, allocate: true, purchase: true },
  MEMBER: { everyAccount: false, allocate: true, purchase: true },
  VIEWER: { everyAccount: false, allocate: false, purchase: false },
  SENDER: { everyAccount: false, allocate: false, purchase: false },
};

export function permissionsOf(role: Role): Permissions {
  return PERMISSIONS[role];
}
