#separator \x09
#set_separator	,
#empty_field	(empty)
#unset_field	-
#path	websocket
#open	2026-11-22-15-35-26
#fields	ts	uid	id.orig_h	id.orig_p	id.resp_h	id.resp_p	host	uri	user_agent	subprotocol	client_protocols	server_extensions	client_extensions	community_id	session	outcome	duration	origin	status_code	version	tls	sni	ja4	orig_frames	orig_messages	orig_message_bytes	orig_payload_bytes	orig_pings	orig_lost_bytes	resp_frames	resp_messages	resp_message_bytes	resp_payload_bytes	resp_pings	resp_lost_bytes	close_how	close_first	orig_close_code	orig_close_reason	resp_close_code	resp_close_reason	orig_ping_rtt	resp_ping_rtt	tcp_rtt	findings
#types	time	string	addr	port	addr	port	string	string	string	string	vector[string]	vector[string]	vector[string]	string	count	string	interval	string	count	count	bool	string	string	count	count	count	count	count	count	count	count	count	count	count	count	string	string	count	string	count	string	interval	interval	interval	vector[string]
1795361726.581204	CkH9qWXxcgzJ8eEle5	10.77.0.1	33212	10.77.0.2	8080	10.77.0.2:8080	/fragmented-both?echo=1&frag=9&pause=10	-	-	-	-	-	1:biSP18XDDUqPGMHWmZH667LrUpo=	1	open	0.330035	-	101	13	F	-	-	21	3	284	408	6	0	43	3	284	397	3	0	clean	client	1000	-	1000	-	0.000494	0.000440	0.000053	ws.handshake.origin.missing,ws.pong.unsolicited
1795361726.911957	CkqhNCg8IG2mr204ei	10.77.0.1	33224	10.77.0.2	8080	10.77.0.2:8080	/fragmented-bytes?echo=1&frag=1	-	-	-	-	-	1:fvnW46rXSwEVvuRgBSS46PCWqHY=	2	open	0.003493	-	101	13	F	-	-	30	1	29	31	0	0	30	1	29	31	0	0	clean	client	1000	-	1000	-	-	-	0.000037	ws.handshake.origin.missing
1795361726.916841	C5NWdJ6XLFwXG202L9	10.77.0.1	33234	10.77.0.2	8080	10.77.0.2:8080	/fragmented-large?echo=1&frag=7000	-	-	-	-	-	1:NDK/+rDmEwxknhBC75dNAxgTajc=	3	open	0.012631	-	101	13	F	-	-	4	1	33200	33202	0	0	6	1	33200	33202	0	0	clean	client	1000	-	1000	-	-	-	0.000030	ws.handshake.origin.missing
#close	2026-11-22-15-35-26
