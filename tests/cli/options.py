"""assay import: every option of the old programs once, with a target or a reason.

The names are those of the manuals and of the programs' tables of options, obsolete ones included.
"""
import os

import imports

OPTIONS = {
    "opendkim.conf": """
        ADSPAction ADSPNoSuchDomain ATPSDomains ATPSHashAlgorithm AddCanonicalizedData AllowSHA1Only AlwaysAddARHeader
        AuthservID AuthservIDWithJobID AutoRestart AutoRestartCount AutoRestartRate Background BaseDirectory BodyLengthDB
        BogusKey Canonicalization CaptureUnknownErrors ChangeRootDirectory CheckSigningTable ClockDrift ConditionalSignatures
        DNSConnect DNSTimeout DefaultSender DiagnosticDirectory Diagnostics DisableCryptoInit Domain DomainKeysCompat
        DontSignMailTo EnableCoredumps ExemptDomains ExternalIgnoreList FinalPolicyScript FixCRLF FlowData FlowDataFactor
        FlowDataTTL IdentityHeader IdentityHeaderRemove IgnoreMalformedMail InternalHosts KeepAuthResults
        KeepTemporaryFiles LDAPAuthMechanism LDAPAuthName LDAPAuthRealm LDAPAuthUser LDAPBindPassword LDAPBindUser
        LDAPDisableCache LDAPKeepaliveIdle LDAPKeepaliveInterval LDAPKeepaliveProbes LDAPTimeout LDAPUseTLS LocalADSP
        LogResults LogWhy LuaOnlySigning MTA MTACommand MacroList MaximumHeaders MaximumSignaturesToVerify
        MaximumSignedBytes MilterDebug Minimum MinimumKeyBits Mode MultipleSignatures MustBeSigned Nameservers
        NoDiscardableMailTo NoHeaderB OmitHeaders On-BadSignature On-DNSError On-Default On-InternalError On-KeyNotFound
        On-NoSignature On-ReputationError On-Security On-SignatureError OversignHeaders POPDBFile PeerList PidFile
        Quarantine QueryCache RateLimits RedirectFailuresTo RemoveARAll RemoveARFrom RemoveOldSignatures ReplaceHeaders
        ReplaceRules ReportAddress ReportBccAddress ReputationCache ReputationCacheTTL ReputationDuplicates
        ReputationLimitModifiers ReputationLimits ReputationLowTime ReputationMinimum ReputationRRDHashDepth
        ReputationRRDRoot ReputationRatios ReputationSpamCheck ReputationTest ReputationTimeFactor ReputationTimeout
        ReputationVerbose RequestReports RequireSafeKeys RequiredHeaders ResignAll ResignMailTo ResolverConfiguration
        ResolverTracing SMTPURI ScreenPolicyScript SelectCanonicalizationHeader Selector SendADSPReports SendReports
        SenderHeaders SenderMacro SetupPolicyScript SignHeaders SignatureAlgorithm SignatureTTL Socket SoftStart
        SoftwareHeader Statistics StatisticsName StatisticsPolicyScript StatisticsPrefix StdoutLog StrictHeaders
        StrictTestMode SubDomains Syslog SyslogFacility SyslogName SyslogSuccess TemporaryDirectory TestDNSData
        TestPublicKeys TrustAnchorFile TrustSignaturesFrom UMask UnprotectedKey UserID VBR-Certifiers VBR-PurgeFields
        VBR-TrustedCertifiers VBR-TrustedCertifiersOnly VBR-Type WeakSyntaxChecks X-Header""",
    "opendmarc.conf": """
        AuthservID AuthservIDWithJobID AutoRestart AutoRestartCount AutoRestartRate Background BaseDirectory
        ChangeRootDirectory CopyFailuresTo DMARCbisIgnorePct DMARCbisWalkMode DMARCbisWalkModeFallback DNSTimeout
        DomainWhitelist DomainWhitelistFile DomainWhitelistSize EnableCoredumps FailureReports FailureReportsBcc
        FailureReportsOnNone FailureReportsSentBy ForensicReports ForensicReportsBcc ForensicReportsOnNone
        ForensicReportsSentBy HistoryFile HoldQuarantinedMessages IgnoreAuthenticatedClients IgnoreHosts IgnoreMailFrom
        IgnoreMailTo LogSPFDNS MilterDebug NoReportsList PidFile PublicSuffixList ReadCanonicalizedData RecordAllMessages
        RejectFailures RejectMultiValueFrom RejectString ReportCommand RequiredFrom RequiredHeaders SPFIgnoreResults
        SPFSelfValidate Socket SoftwareHeader Syslog SyslogFacility TemporaryDirectory TestDNSData TrustedAuthservIDs
        UMask UserID""",
    "openarc.conf": """
        AuthResComments AuthResIP AuthservID AutoRestart AutoRestartCount AutoRestartRate Background BaseDirectory
        Canonicalization ChangeRootDirectory Domain EnableCoredumps FinalReceiver FixedTimestamp InternalHosts
        KeepTemporaryFiles KeyFile MaximumHeaders MilterDebug MinimumKeySizeRSA Mode OversignHeaders PeerList
        PermitAuthenticationOverrides PidFile RequireSafeKeys ResponseDisabled ResponseUnable ResponseUnwilling
        SealHeaderChecks Selector SignHeaders SignatureAlgorithm SignatureTTL Socket SoftwareHeader Syslog SyslogFacility
        TemporaryDirectory TestKeys UMask UserID""",
    "policyd-spf.conf": """
        Authserv_Id Domain_Whitelist Domain_Whitelist_PTR HELO_Whitelist HELO_pass_restriction HELO_reject Header_Type
        Hide_Receiver InternalHosts Lookup_Time MacroList Mail_From_pass_restriction Mail_From_reject Mock No_Mail Per_User
        PermError_reject PidFile Prospective QueueID Reason_Message Reason_URL Reject_Not_Pass_Domains
        SPF_Enhanced_Status_Codes Socket TempError_Defer TestOnly UMask UserID Void_Limit Whitelist Whitelist_Lookup_Time debugLevel defaultSeedOnly
        skip_addresses""",
}

# Where "1" (a number, yes, a list with one entry) is not a value
VALUES = {
    "Mode": "sv", "Canonicalization": "simple", "InternalHosts": "127.0.0.1", "PeerList": "127.0.0.1",
    "IgnoreHosts": "127.0.0.1", "Nameservers": "127.0.0.1", "SyslogFacility": "mail", "HELO_reject": "Fail",
    "Mail_From_reject": "Fail", "Header_Type": "AR", "Whitelist": "192.0.2.1", "skip_addresses": "192.0.2.1",
    "Domain_Whitelist_PTR": "relay.example", "MinimumKeyBits": "1024", "ExemptDomains": "example.net", "OmitHeaders": "X-A",
    "SignHeaders": "X-B", "AuthservID": "mx.example.com", "Authserv_Id": "mx.example.com",
    "Per_User": "text,{empty}",
}
SEVERAL = ("On-",)                               # options by the beginning of their names: an action


def value_of(name):
    if name.startswith(SEVERAL):
        return "accept"
    return VALUES.get(name, "1")


def every_option_has_a_target_or_a_reason(w):
    for file, text in OPTIONS.items():
        names = text.split()
        assert len(set(names)) == len(names), file
        between = " = " if file.startswith("policyd") else " "
        path = imports.site(w, "options")
        empty = imports.put(path, "empty", "")
        lines = "".join(n + between + value_of(n) + "\n" for n in names)
        old = imports.put(path, file, lines.replace("{empty}", empty))
        status, conf, findings, err = imports.run(w, path, old)
        assert conf is not None, (file, err)
        said = {f["option"]: f for f in findings if f["file"] == old and f["text"]}
        missing = [n for n in names if n not in said]
        assert not missing, (file, missing)
        assert "this build of assay has no setting" not in str(findings), findings


CHECKS = [every_option_has_a_target_or_a_reason]
