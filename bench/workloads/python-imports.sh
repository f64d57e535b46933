# Python importing seven large modules.
# metric: seconds
# needs: python3
exec python3 -c 'import asyncio, email.message, http.server, json, multiprocessing, unittest.mock, xml.dom.minidom'
