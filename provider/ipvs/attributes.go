package ipvs

// What the kernel calls things. The numbers are those of its uapi headers:
// linux/netlink.h for the framing, linux/genetlink.h for the header below it, and
// linux/ip_vs.h for all that is about IPVS.

// The family's name and version (IPVS_GENL_NAME, IPVS_GENL_VERSION).
const (
	familyName    = "IPVS"
	familyVersion = 1
)

// Message types that are not a family's (NLMSG_*).
const (
	typeError = 2 // also the acknowledgement: an error of 0
	typeDone  = 3 // ends a dump
)

// Flags of a message (NLM_F_*). The last two are the kernel's, on its error replies.
const (
	flagRequest     uint16 = 0x001
	flagAck         uint16 = 0x004
	flagInterrupted uint16 = 0x010 // DUMP_INTR: the table changed under the dump
	flagDump        uint16 = 0x300 // ROOT and MATCH
	flagCapped      uint16 = 0x100 // the request is not repeated in the reply
	flagExplained   uint16 = 0x200 // attributes with an explanation follow
)

// errAttrMessage is the kernel's explanation in words (NLMSGERR_ATTR_MSG).
const errAttrMessage = 1

// Bits of an attribute's type (NLA_F_NESTED, NLA_TYPE_MASK).
const (
	attrNested   uint16 = 0x8000
	attrTypeMask uint16 = 0x3fff
)

// Commands (IPVS_CMD_*). There are no SET_DAEMON and no GET_DEST of one destination.
const (
	cmdNewService uint8 = 1
	cmdSetService uint8 = 2
	cmdDelService uint8 = 3
	cmdGetService uint8 = 4
	cmdNewDest    uint8 = 5
	cmdSetDest    uint8 = 6
	cmdDelDest    uint8 = 7
	cmdGetDest    uint8 = 8
	cmdNewDaemon  uint8 = 9
	cmdDelDaemon  uint8 = 10
	cmdGetDaemon  uint8 = 11
	cmdSetConfig  uint8 = 12
	cmdGetConfig  uint8 = 13
	cmdGetInfo    uint8 = 15
	cmdZero       uint8 = 16
	cmdFlush      uint8 = 17
)

// Attributes of a command (IPVS_CMD_ATTR_*).
const (
	attrService       uint16 = 1 // nested
	attrDest          uint16 = 2 // nested
	attrDaemon        uint16 = 3 // nested
	attrTimeoutTCP    uint16 = 4 // u32, seconds
	attrTimeoutTCPFin uint16 = 5 // u32, seconds
	attrTimeoutUDP    uint16 = 6 // u32, seconds
)

// Attributes of a service (IPVS_SVC_ATTR_*).
const (
	svcFamily    uint16 = 1  // u16
	svcProtocol  uint16 = 2  // u16
	svcAddr      uint16 = 3  // union nf_inet_addr
	svcPort      uint16 = 4  // be16
	svcMark      uint16 = 5  // u32
	svcScheduler uint16 = 6  // string
	svcFlags     uint16 = 7  // struct ip_vs_flags: u32 flags, u32 mask
	svcTimeout   uint16 = 8  // u32, seconds
	svcNetmask   uint16 = 9  // be32 mask, or for IPv6 u32 prefix length
	svcEngine    uint16 = 11 // string
	svcStats     uint16 = 12 // nested (STATS64); since Linux 4.1
)

// Attributes of a destination (IPVS_DEST_ATTR_*).
const (
	destAddr        uint16 = 1  // union nf_inet_addr
	destPort        uint16 = 2  // be16
	destForward     uint16 = 3  // u32
	destWeight      uint16 = 4  // u32
	destUpper       uint16 = 5  // u32
	destLower       uint16 = 6  // u32
	destActive      uint16 = 7  // u32
	destInactive    uint16 = 8  // u32
	destPersistent  uint16 = 9  // u32
	destFamily      uint16 = 11 // u16; since Linux 3.18
	destTunnelType  uint16 = 13 // u8; since Linux 5.3
	destTunnelPort  uint16 = 14 // be16
	destTunnelFlags uint16 = 15 // u16
)

// Counters (IPVS_STATS_ATTR_*), each a u64 in STATS64.
const (
	statsConns         = 1
	statsInPackets     = 2
	statsOutPackets    = 3
	statsInBytes       = 4
	statsOutBytes      = 5
	statsConnRate      = 6
	statsInPacketRate  = 7
	statsOutPacketRate = 8
	statsInByteRate    = 9
	statsOutByteRate   = 10
)

// Attributes of a sync daemon (IPVS_DAEMON_ATTR_*).
const (
	daemonState     uint16 = 1 // u32
	daemonInterface uint16 = 2 // string
	daemonSyncID    uint16 = 3 // u32
	daemonMaxLen    uint16 = 4 // u16, bytes
	daemonGroup     uint16 = 5 // be32, an IPv4 address
	daemonGroup6    uint16 = 6 // struct in6_addr
	daemonPort      uint16 = 7 // u16 in host byte order, unlike all other ports
	daemonTTL       uint16 = 8 // u8
)

// Attributes of the general information (IPVS_INFO_ATTR_*).
const (
	infoVersion       uint16 = 1 // u32, one byte each for major, minor and patch
	infoConnTableSize uint16 = 2 // u32
)

// fwdMask covers the forwarding method (IP_VS_CONN_F_FWD_MASK).
const fwdMask uint32 = 0x7

// addrLen is the size of union nf_inet_addr, whatever the family of what is in it.
const addrLen = 16
