// What the page shows, and for each mutation what it selects so that the page stays right.
// Here: the documents, in the form that relay-compiler wants. Not here: what they are sent with.

/** relay-compiler reads the texts after this tag; the other clients get them as they are. */
const graphql = String.raw;

export const fragments = [
  graphql`
    fragment operations_money on Money { amount currencyCode }
  `,
  graphql`
    fragment operations_balance on Balance {
      id total held available assigned unassigned
      value { ...operations_money @relay(mask: false) }
      nextExpiry { credits expiresOn }
      sharedLists(first: 20) { totalCount nodes { id allocation { id mode assigned available held } } }
    }
  `,
  graphql`
    fragment operations_list on ContactList {
      id name recipientCount contactCount archived
      destinations { countryCode recipientCount }
      allocation { id mode assigned available held }
      mergeFields { name contactCount }
    }
  `,
  graphql`
    fragment operations_contacts on ContactList {
      contacts(first: 20) { totalCount nodes { id phoneNumber countryCode fields { name value } } }
    }
  `,
  graphql`
    fragment operations_message on Message {
      id status text erasedAt segmentCount recipientCount credits sendAt sentAt
      list { id allocation { id mode assigned available held } }
    }
  `,
  graphql`
    fragment operations_package on CreditPackage {
      id code name credits validityDays archived price { ...operations_money @relay(mask: false) }
    }
  `,
  graphql`
    fragment operations_purchase on Purchase {
      id status credits price { ...operations_money @relay(mask: false) }
    }
  `,
  graphql`
    fragment operations_recharge on AutoRecharge {
      enabled threshold package { id }
      monthlyLimit { ...operations_money @relay(mask: false) }
      spentThisMonth { ...operations_money @relay(mask: false) }
      remainingThisMonth { ...operations_money @relay(mask: false) }
    }
  `,
  graphql`
    fragment operations_settings on Account {
      id name timeZone consumptionOrder settlement retentionMonths
      subscriptionFee { ...operations_money @relay(mask: false) }
      rateCard { id version creditValue { ...operations_money @relay(mask: false) } }
    }
  `,
  graphql`
    fragment operations_keys on Account {
      apiKeys(first: 20) { totalCount nodes { id name role revokedAt } }
    }
  `,
  graphql`
    fragment operations_lists on Account {
      lists(first: 20) { totalCount nodes { ...operations_list @relay(mask: false) } }
      archive: lists(first: 20, archived: true) { totalCount nodes { ...operations_list @relay(mask: false) } }
    }
  `,
  graphql`
    fragment operations_messages on Account {
      messages(first: 20) { totalCount nodes { ...operations_message @relay(mask: false) } }
      scheduledMessages(first: 20) { totalCount nodes { ...operations_message @relay(mask: false) } }
    }
  `,
  graphql`
    fragment operations_purchases on Account {
      purchases(first: 20) { totalCount nodes { ...operations_purchase @relay(mask: false) } }
    }
  `,
  // What moves with an account's credits.
  graphql`
    fragment operations_books on Account {
      id debt
      balance { ...operations_balance @relay(mask: false) }
      forecast {
        usedInThirtyDays usedThisMonth expiringInThirtyDays lost runsOutOn runwayDays
        expiries { expiresOn credits used lost held }
        suggestedPackage { id }
      }
      lots(first: 20) { totalCount nodes { id remaining held used expired revoked state } }
      transactions(first: 20) { totalCount nodes { id kind credits availableAfter } }
      ledgerHead { transactionCount hash }
    }
  `,
];

export const home = graphql`
  query operationsHomeQuery($accountId: ID!, $listId: ID!) {
    account(id: $accountId) {
      id
      ...operations_settings @relay(mask: false)
      ...operations_books @relay(mask: false)
      ...operations_lists @relay(mask: false)
      ...operations_messages @relay(mask: false)
      ...operations_purchases @relay(mask: false)
      ...operations_keys @relay(mask: false)
      autoRecharge { ...operations_recharge @relay(mask: false) }
      monthlyReportSchedule { enabled format interval }
    }
    creditPackages(first: 20) { totalCount nodes { ...operations_package @relay(mask: false) } }
    list: node(id: $listId) {
      id
      ... on ContactList {
        contacts(first: 20) { totalCount nodes { id phoneNumber countryCode fields { name value } } }
      }
    }
  }
`;

export const mutations = {
  allocateCredits: graphql`
    mutation operationsAllocateCreditsMutation($input: AllocateCreditsInput!) {
      allocateCredits(input: $input) {
        lists { ...operations_list @relay(mask: false) }
        balance { ...operations_balance @relay(mask: false) account { ...operations_books @relay(mask: false) } }
        userErrors { message }
      }
    }
  `,
  grantCredits: graphql`
    mutation operationsGrantCreditsMutation($input: GrantCreditsInput!) {
      grantCredits(input: $input) {
        balance { ...operations_balance @relay(mask: false) account { ...operations_books @relay(mask: false) } }
        userErrors { message }
      }
    }
  `,
  revokeCredits: graphql`
    mutation operationsRevokeCreditsMutation($input: RevokeCreditsInput!) {
      revokeCredits(input: $input) {
        balance { ...operations_balance @relay(mask: false) account { ...operations_books @relay(mask: false) } }
        userErrors { message }
      }
    }
  `,
  sendMessage: graphql`
    mutation operationsSendMessageMutation($input: SendMessageInput!) {
      sendMessage(input: $input) {
        message {
          ...operations_message @relay(mask: false)
          account { ...operations_books @relay(mask: false) ...operations_messages @relay(mask: false) }
        }
        userErrors { message }
      }
    }
  `,
  scheduleMessage: graphql`
    mutation operationsScheduleMessageMutation($input: ScheduleMessageInput!) {
      scheduleMessage(input: $input) {
        message {
          ...operations_message @relay(mask: false)
          account { ...operations_books @relay(mask: false) ...operations_messages @relay(mask: false) }
        }
        userErrors { message }
      }
    }
  `,
  updateMessage: graphql`
    mutation operationsUpdateMessageMutation($input: UpdateMessageInput!) {
      updateMessage(input: $input) {
        message {
          ...operations_message @relay(mask: false)
          account { ...operations_books @relay(mask: false) ...operations_messages @relay(mask: false) }
        }
        previousList { ...operations_list @relay(mask: false) }
        userErrors { message }
      }
    }
  `,
  settleMessage: graphql`
    mutation operationsSettleMessageMutation($input: SettleMessageInput!) {
      settleMessage(input: $input) {
        message {
          ...operations_message @relay(mask: false)
          account { ...operations_books @relay(mask: false) ...operations_messages @relay(mask: false) }
        }
        userErrors { message }
      }
    }
  `,
  cancelMessage: graphql`
    mutation operationsCancelMessageMutation($input: CancelMessageInput!) {
      cancelMessage(input: $input) {
        message {
          ...operations_message @relay(mask: false)
          account { ...operations_books @relay(mask: false) ...operations_messages @relay(mask: false) }
        }
        userErrors { message }
      }
    }
  `,
  purchaseCredits: graphql`
    mutation operationsPurchaseCreditsMutation($input: PurchaseCreditsInput!) {
      purchaseCredits(input: $input) {
        purchase {
          ...operations_purchase @relay(mask: false)
          account { id ...operations_purchases @relay(mask: false) }
        }
        userErrors { message }
      }
    }
  `,
  confirmPurchase: graphql`
    mutation operationsConfirmPurchaseMutation($input: ConfirmPurchaseInput!) {
      confirmPurchase(input: $input) {
        purchase { ...operations_purchase @relay(mask: false) account { ...operations_books @relay(mask: false) } }
        userErrors { message }
      }
    }
  `,
  createContactList: graphql`
    mutation operationsCreateContactListMutation($input: CreateContactListInput!) {
      createContactList(input: $input) {
        list {
          ...operations_list @relay(mask: false)
          account {
            id
            ...operations_lists @relay(mask: false)
            balance { ...operations_balance @relay(mask: false) }
          }
        }
        userErrors { message }
      }
    }
  `,
  updateContactList: graphql`
    mutation operationsUpdateContactListMutation($input: UpdateContactListInput!) {
      updateContactList(input: $input) {
        list { ...operations_list @relay(mask: false) }
        userErrors { message }
      }
    }
  `,
  archiveContactList: graphql`
    mutation operationsArchiveContactListMutation($input: ArchiveContactListInput!) {
      archiveContactList(input: $input) {
        archivedListId
        list {
          ...operations_list @relay(mask: false)
          account { ...operations_books @relay(mask: false) ...operations_lists @relay(mask: false) }
        }
        userErrors { message }
      }
    }
  `,
  restoreContactList: graphql`
    mutation operationsRestoreContactListMutation($input: RestoreContactListInput!) {
      restoreContactList(input: $input) {
        list {
          ...operations_list @relay(mask: false)
          account {
            id
            ...operations_lists @relay(mask: false)
            balance { ...operations_balance @relay(mask: false) }
          }
        }
        userErrors { message }
      }
    }
  `,
  addContacts: graphql`
    mutation operationsAddContactsMutation($input: AddContactsInput!) {
      addContacts(input: $input) {
        list { ...operations_list @relay(mask: false) ...operations_contacts @relay(mask: false) }
        userErrors { message }
      }
    }
  `,
  updateContact: graphql`
    mutation operationsUpdateContactMutation($input: UpdateContactInput!) {
      updateContact(input: $input) {
        contact { id phoneNumber countryCode fields { name value } }
        list { ...operations_list @relay(mask: false) }
        userErrors { message }
      }
    }
  `,
  removeContacts: graphql`
    mutation operationsRemoveContactsMutation($input: RemoveContactsInput!) {
      removeContacts(input: $input) {
        removedContactIds
        list { ...operations_list @relay(mask: false) ...operations_contacts @relay(mask: false) }
        userErrors { message }
      }
    }
  `,
  updateAutoRecharge: graphql`
    mutation operationsUpdateAutoRechargeMutation($input: UpdateAutoRechargeInput!) {
      updateAutoRecharge(input: $input) {
        account { id autoRecharge { ...operations_recharge @relay(mask: false) } }
        userErrors { message }
      }
    }
  `,
  updateMonthlyReports: graphql`
    mutation operationsUpdateMonthlyReportsMutation($input: UpdateMonthlyReportsInput!) {
      updateMonthlyReports(input: $input) {
        account { id monthlyReportSchedule { enabled format interval } }
        userErrors { message }
      }
    }
  `,
  updateAccount: graphql`
    mutation operationsUpdateAccountMutation($input: UpdateAccountInput!) {
      updateAccount(input: $input) {
        account { ...operations_settings @relay(mask: false) ...operations_books @relay(mask: false) }
        userErrors { message }
      }
    }
  `,
  createApiKey: graphql`
    mutation operationsCreateApiKeyMutation($input: CreateApiKeyInput!) {
      createApiKey(input: $input) {
        apiKey { id name role revokedAt account { id ...operations_keys @relay(mask: false) } }
        userErrors { message }
      }
    }
  `,
  rotateApiKey: graphql`
    mutation operationsRotateApiKeyMutation($input: RotateApiKeyInput!) {
      rotateApiKey(input: $input) {
        apiKey { id account { id ...operations_keys @relay(mask: false) } }
        previous { id name role revokedAt }
        userErrors { message }
      }
    }
  `,
  revokeApiKey: graphql`
    mutation operationsRevokeApiKeyMutation($input: RevokeApiKeyInput!) {
      revokeApiKey(input: $input) {
        apiKey { id name role revokedAt }
        userErrors { message }
      }
    }
  `,
  revokeOtherApiKeys: graphql`
    mutation operationsRevokeOtherApiKeysMutation($input: RevokeOtherApiKeysInput!) {
      revokeOtherApiKeys(input: $input) {
        account { id ...operations_keys @relay(mask: false) }
        userErrors { message }
      }
    }
  `,
  updateCreditPackage: graphql`
    mutation operationsUpdateCreditPackageMutation($input: UpdateCreditPackageInput!) {
      updateCreditPackage(input: $input) {
        package { ...operations_package @relay(mask: false) }
        userErrors { message }
      }
    }
  `,
  publishRateCard: graphql`
    mutation operationsPublishRateCardMutation($input: PublishRateCardInput!) {
      publishRateCard(input: $input) {
        rateCard {
          id
          accounts(first: 200) {
            nodes {
              id
              rateCard { id version creditValue { ...operations_money @relay(mask: false) } }
              balance { id value { ...operations_money @relay(mask: false) } }
            }
          }
        }
        userErrors { message }
      }
    }
  `,
  erasePerson: graphql`
    mutation operationsErasePersonMutation($input: ErasePersonInput!) {
      erasePerson(input: $input) {
        removedContactIds
        lists { ...operations_list @relay(mask: false) ...operations_contacts @relay(mask: false) }
        messages { ...operations_message @relay(mask: false) }
        userErrors { message }
      }
    }
  `,
};
