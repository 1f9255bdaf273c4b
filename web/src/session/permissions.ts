import type { Role } from '../generated/graphql';

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
  /** Creates, renames and archives contact lists. */
  editLists: boolean;
  /** Changes the account's settings, and makes and revokes its API keys. */
  settings: boolean;
  /** Sees the account's API keys, and changes its monthly reports. */
  oversee: boolean;
  /** Gives credits without payment, and takes credits back. */
  grant: boolean;
  /** Changes what is the platform's: accounts, packages, rate cards, fees and platform keys. */
  administer: boolean;
  /** Is shown the way to GraphiQL, which is for those who write programs. */
  graphiql: boolean;
}

const PERMISSIONS: Record<Role, Permissions> = {
  PLATFORM_ADMIN: {
    everyAccount: true,
    report: true,
    allocate: true,
    importContacts: true,
    purchase: true,
    recharge: true,
    editLists: true,
    settings: true,
    oversee: true,
    grant: true,
    administer: true,
    graphiql: true,
  },
  ACCOUNT_MANAGER: {
    everyAccount: true,
    report: true,
    allocate: false,
    importContacts: false,
    purchase: false,
    recharge: false,
    editLists: false,
    settings: false,
    oversee: true,
    grant: true,
    administer: false,
    graphiql: false,
  },
  OWNER: {
    everyAccount: false,
    report: true,
    allocate: true,
    importContacts: true,
    purchase: true,
    recharge: true,
    editLists: true,
    settings: true,
    oversee: true,
    grant: false,
    administer: false,
    graphiql: false,
  },
  MEMBER: {
    everyAccount: false,
    report: true,
    allocate: true,
    importContacts: true,
    purchase: true,
    recharge: false,
    editLists: true,
    settings: false,
    oversee: false,
    grant: false,
    administer: false,
    graphiql: false,
  },
  VIEWER: {
    everyAccount: false,
    report: true,
    allocate: false,
    importContacts: false,
    purchase: false,
    recharge: false,
    editLists: false,
    settings: false,
    oversee: false,
    grant: false,
    administer: false,
    graphiql: false,
  },
  SENDER: {
    everyAccount: false,
    report: false,
    allocate: false,
    importContacts: false,
    purchase: false,
    recharge: false,
    editLists: false,
    settings: false,
    oversee: false,
    grant: false,
    administer: false,
    graphiql: false,
  },
};

export function permissionsOf(role: Role): Permissions {
  return PERMISSIONS[role];
}
