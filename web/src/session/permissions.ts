import type { Role } from '../generated/graphql';

/** The names of roles. */
export const ROLE_TITLES: Record<Role, string> = {
  PLATFORM_ADMIN: 'Platform administrator',
  ACCOUNT_MANAGER: 'Account manager',
  OWNER: 'Owner',
  MEMBER: 'Member',
  VIEWER: 'Viewer',
  SENDER: 'Sending service',
};

/**
 * What the page offers to a role. The server decides; this only hides buttons that would always
 * fail.
 */
export interface Permissions {
  /** Reads any account of the platform, and so gets the account picker. */
  everyAccount: boolean;
  /** Reads usage, lots and purchases, and receives balance changes. */
  report: boolean;
  allocate: boolean;
  importContacts: boolean;
  purchase: boolean;
  /** Changes the automatic recharge. */
  recharge: boolean;
}

const PERMISSIONS: Record<Role, Permissions> = {
  PLATFORM_ADMIN: {
    everyAccount: true,
    report: true,
    allocate: true,
    importContacts: true,
    purchase: true,
    recharge: true,
  },
  ACCOUNT_MANAGER: {
    everyAccount: true,
    report: true,
    allocate: false,
    importContacts: false,
    purchase: false,
    recharge: false,
  },
  OWNER: {
    everyAccount: false,
    report: true,
    allocate: true,
    importContacts: true,
    purchase: true,
    recharge: true,
  },
  MEMBER: {
    everyAccount: false,
    report: true,
    allocate: true,
    importContacts: true,
    purchase: true,
    recharge: false,
  },
  VIEWER: {
    everyAccount: false,
    report: true,
    allocate: false,
    importContacts: false,
    purchase: false,
    recharge: false,
  },
  SENDER: {
    everyAccount: false,
    report: false,
    allocate: false,
    importContacts: false,
    purchase: false,
    recharge: false,
  },
};

export function permissionsOf(role: Role): Permissions {
  return PERMISSIONS[role];
}
